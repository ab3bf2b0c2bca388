"""Uploads and reads that go on while something breaks, and what must be true afterwards."""

import threading

from tests import samples
from tests.processes import wait_until
from webapp.core.ids import id_parse
from webapp.core.keys import QUARANTINE_PREFIX, image_prefix

HEALED_SECONDS = 200
PAUSE_SECONDS = 0.3
REFUSED = 503


class Load:
    """One client that uploads and one that reads, until the block ends.

    A 503 is an answer; anything else but success is a problem, and so is a read that fails.
    """

    def __init__(self, client):
        self.acknowledged = []
        self.problems = []
        self._client = client
        self._over = threading.Event()
        self._threads = [threading.Thread(target=t) for t in (self._upload, self._read)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_more(self, count, *, seconds=120):
        """Wait until so many more uploads were acknowledged."""
        goal = len(self.acknowledged) + count
        wait_until(
            lambda: len(self.acknowledged) >= goal or self.problems,
            seconds=seconds,
            what=f"{count} more uploads",
        )

    def _upload(self):
        while not self._over.wait(PAUSE_SECONDS):
            answer = self._client.upload(samples.jpeg())
            if answer.status_code == 201:
                self.acknowledged.append(answer.json())
            elif answer.status_code != REFUSED:
                self.problems.append(answer.text)

    def _read(self):
        while not self._over.wait(PAUSE_SECONDS):
            for image in self.acknowledged[-3:]:
                try:
                    self._client.read_original(image)
                except AssertionError as error:
                    self.problems.append(str(error))


def is_at_home(client, image_id):
    """Tell whether the original is on its homes, all of them and nowhere else."""
    return client.homes(image_id) == set(client.holders(image_id))


def assert_healed(client, images):
    """Wait until every image is at home and nothing stands in; then read all of it back."""
    for image in images:
        client.wait_ready(image["id"])
        wait_until(
            lambda image=image: is_at_home(client, image["id"]),
            seconds=HEALED_SECONDS,
            what=f"{image['id']} at home: {client.positions(image['id'])}",
        )
    for image in images:
        client.read_everything(client.image(image["id"]))


def blobs_of(system, image_id):
    """Return every blob of an image by shard and key: its bytes and its label."""
    found = {}
    for name in system.shard_names:
        store = system.shard(name)
        for key in store.keys(image_prefix(id_parse(image_id))):
            with store.open(key) as blob:
                found[name, key] = (blob.read(), blob.stat.label)
    return found


def quarantined(system, image_id):
    """Return the keys of an image's bad copies that were put aside."""
    prefix = QUARANTINE_PREFIX + image_prefix(id_parse(image_id))
    return [key for name in system.shard_names for key in system.shard(name).keys(prefix)]
