"""Shards go and come back, or come back with nothing: every copy is at home again by itself."""

from contextlib import suppress

import pytest

from tests import samples
from tests.drills.healed import is_at_home
from tests.outbox_rows import Messages
from tests.processes import wait_until
from webapp.core.ids import id_parse
from webapp.core.keys import MANIFEST, image_prefix

# Refused connections, and connections that hang.
AWAY = {
    "one shard killed": (("s1",), "kill", "start"),
    "a zone killed": (("s1", "s3"), "kill", "start"),
    "a zone hanging": (("s2", "s4"), "pause", "resume"),
}
AWAY_SECONDS = 30
BACK_SECONDS = 120


@pytest.mark.parametrize(("away", "go", "come"), AWAY.values(), ids=AWAY)
def test_everything_goes_home_once_shards_that_were_away_are_back(cluster, load, away, go, come):
    with load(cluster) as running:
        running.wait_more(2)
        getattr(cluster, go)(*away)
        running.wait_more(4)
        # What comes back before anybody saw it go is brought home a minute later, too.
        with suppress(AssertionError):
            wait_until(lambda: seen_away(cluster, away), seconds=AWAY_SECONDS, what="notice")
        getattr(cluster, come)(*away)
        running.wait_more(1)
    running.assert_healed()


def seen_away(system, names):
    """Tell whether the watch has noticed that shards are away."""
    with Messages(system).index() as index:
        rows = index.execute("SELECT shard FROM healing_shardwatch WHERE NOT reachable")
        return {*names} <= {name for (name,) in rows.fetchall()}


def test_a_shard_whose_data_was_erased_holds_its_share_again(cluster, load):
    client = cluster.client
    before = [client.store_ready(samples.jpeg()) for _ in range(4)]
    for image in before:
        # On a busy machine a copy may stand in for one that was too slow.
        wait_until(
            lambda image=image: (
                is_at_home(client, image["id"]) and not is_due(cluster, image["id"])
            ),
            seconds=BACK_SECONDS,
            what=f"{image['id']} at home, and its renditions",
        )
    kept = {image["id"]: blobs(cluster, "s1", image["id"]) for image in before}
    with load(cluster, pause=2.0) as running:
        running.wait_more(1)
        erase(cluster, "s1")
        # Images that are being prepared meanwhile are not whole yet, and it says so.
        cluster.manage("repair", "--shard", "s1", "--apply", status=None)
        running.wait_more(1)
    for image_id, wanted in kept.items():
        # What a busy shard could not take at once it gets when the sweep comes by.
        wait_until(
            lambda i=image_id, w=wanted: blobs(cluster, "s1", i) == w,
            seconds=BACK_SECONDS,
            what=f"everything of {image_id} on s1",
        )
    running.assert_healed(*before)


def is_due(system, image_id):
    """Tell whether somebody comes back for an image, perhaps for what stands in."""
    with Messages(system).index() as index:
        due = "SELECT 1 FROM images_image WHERE due_at IS NOT NULL AND id = %s"
        return index.execute(due, [image_id]).fetchone() is not None


def erase(system, name):
    """Remove all blobs of images from a shard; that it is a shard stays known."""
    store = system.shard(name)
    for key in list(store.keys()):
        if not key.startswith("_shoebox/"):
            store.delete(key)


def blobs(system, name, image_id):
    """Return an image's blobs on a shard; manifests of a later revision are others."""
    store = system.shard(name)
    found = {}
    for key in store.keys(image_prefix(id_parse(image_id))):
        with store.open(key) as blob:
            found[key] = (blob.read(), blob.stat.label) if not key.endswith(MANIFEST) else None
    return found
