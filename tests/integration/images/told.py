"""Who holds an image, and what was told of it."""

from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.outbox.models import OutboxMessage
from webapp.outbox.tasks import EVENTS_EXCHANGE


def holders(shards, image, name):
    key = blob_key(id_parse(image.id), name)
    return {shard for shard, root in shards.items() if (root / key).exists()}


def messages(image):
    rows = OutboxMessage.objects.filter(subject=image.id)
    return set(rows.exclude(queue=EVENTS_EXCHANGE).values_list("task", flat=True))


def events(image):
    rows = OutboxMessage.objects.filter(subject=image.id, queue=EVENTS_EXCHANGE)
    return list(rows.values_list("task", flat=True))
