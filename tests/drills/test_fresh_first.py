"""Backfills wait for a worker, and then uploads come: the uploads are made first."""

from tests import samples
from tests.drills.decoders import RENDITIONS
from tests.outbox_rows import Messages
from tests.processes import wait_until
from webapp.outbox.tasks import Task

OLD, BACKFILLS, FRESH = 4, 200, 6


class Old:
    """Ready images that lost their renditions in the index."""

    def __init__(self, messages, ids):
        self._messages = messages
        self._where = "id IN ({})".format(", ".join(f"'{image_id}'" for image_id in ids))
        with messages.index() as index:
            index.execute(f"UPDATE images_image SET renditions = '{{}}' WHERE {self._where}")  # noqa: S608 - ids of ours

    def lacking(self):
        """Return how many have none yet."""
        query = f"SELECT count(*) FROM images_image WHERE renditions = '{{}}' AND {self._where}"  # noqa: S608 - likewise
        with self._messages.index() as index:
            return index.execute(query).fetchone()[0]


def test_fresh_uploads_are_made_before_the_backfills_that_waited_longer(system):
    client, messages = system.client, Messages(system)
    # Slow, and several: one is still to be made when the uploads are seen to be ready.
    ids = [client.store_ready(samples.slow_jpeg())["id"] for _ in range(OLD)]
    system.stop(RENDITIONS)
    old = Old(messages, ids)
    # Each of the few many times: twice is once.
    messages.queue(Task.BACKFILL, ids * (BACKFILLS // OLD))
    messages.wait_published()
    fresh = [client.store(samples.jpeg())["id"] for _ in range(FRESH)]
    messages.wait_published()
    system.start(RENDITIONS)
    for image_id in fresh:
        client.wait_ready(image_id)
    assert old.lacking() > 0
    wait_until(lambda: not old.lacking(), seconds=120, what="the backfills to be made")
