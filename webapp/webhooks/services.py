"""Webhooks: adding and removing them, and turning events into deliveries."""

from collections.abc import Collection, Iterable
from functools import cache

from django.utils import timezone

from webapp.accounts.models import User
from webapp.core.errors import AddressRefusedError, MalformedRequestError, NotFoundError
from webapp.images.models import Image
from webapp.outbox.message import EventMessage
from webapp.outbox.tasks import Event
from webapp.outside.address import url_check
from webapp.webhooks.models import URL_LENGTH, Webhook, WebhookDelivery
from webapp.webhooks.signing import secret_make


def webhook_add(*, owner: User, url: str, events: Collection[Event]) -> Webhook:
    """Tell ``url`` what happens to the images of ``owner`` from now on.

    Its secret is on the row; show it now and never again.

    Args:
        owner: Whose images.
        url: http or https; where it leads is checked at every delivery, not here.
        events: Empty: all of them.

    Raises:
        MalformedRequestError: The URL is none that a webhook may have.
    """
    try:
        url_check(url)
    except AddressRefusedError as error:
        raise MalformedRequestError(error.detail) from None
    if len(url) > URL_LENGTH:
        raise MalformedRequestError(f"The URL has {len(url)} characters of at most {URL_LENGTH}.")
    names = [event.value for event in Event if event in (events or Event)]
    return Webhook.objects.create(owner=owner, url=url, events=names, secret=secret_make())


def webhook_remove(*, webhook_id: int) -> Webhook:
    """Remove a webhook with everything it had still to be told.

    Raises:
        NotFoundError: There is none.
    """
    webhook = Webhook.objects.filter(pk=webhook_id).first()
    if webhook is None:
        raise NotFoundError(f"There is no webhook {webhook_id}.")
    Webhook.objects.filter(pk=webhook_id).delete()
    return webhook


def deliveries_make(*, message: EventMessage) -> int:
    """Make a delivery for every webhook that wants the event; return for how many.

    Twice is once: the same message makes no second delivery. Committed when this returns.
    """
    owned = Webhook.objects.raw(_owned(), [message.image_id])
    wanting = [webhook for webhook in owned if webhook.wants(message.event)]
    if wanting:
        _deliveries_add(wanting, message)
    return len(wanting)


# By hand: every event asks it, most for owners without a webhook, and Django takes longer to
# compose it than the index to answer it.
_OWNED = """
SELECT w.* FROM {webhooks} AS w
JOIN {images} AS i ON i.owner_id = w.owner_id
JOIN {users} AS u ON u.id = w.owner_id
WHERE i.id = %s AND w.active AND u.is_active
"""


@cache
def _owned() -> str:
    return _OWNED.format(
        webhooks=Webhook._meta.db_table,  # noqa: SLF001 - Django's name
        images=Image._meta.db_table,  # noqa: SLF001 - Django's name
        users=User._meta.db_table,  # noqa: SLF001 - Django's name
    )


def _deliveries_add(webhooks: Iterable[Webhook], message: EventMessage) -> None:
    now = timezone.now()
    deliveries = [
        WebhookDelivery(
            webhook=webhook,
            event=message.event.value,
            image_id=message.image_id,
            message_id=message.message_id,
            happened_at=message.at,
            due_at=now,
        )
        for webhook in webhooks
    ]
    WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)


def webhook_set_active(*, webhook: Webhook, active: bool) -> None:
    """Pause a webhook or let it go on; a paused one is told nothing of the time between."""
    Webhook.objects.filter(pk=webhook.pk).update(active=active)
