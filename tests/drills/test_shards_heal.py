"""Shards go and come back, or come back with nothing: every copy is at home again by itself."""

import pytest

from tests import samples
from tests.drills.load import Load, assert_healed
from webapp.core.ids import id_parse
from webapp.core.keys import image_prefix

AWAY = {"one shard": ("s1",), "a zone": ("s1", "s3")}


@pytest.mark.parametrize("away", AWAY.values(), ids=AWAY)
def test_everything_goes_home_once_shards_that_were_killed_are_back(cluster, away):
    with Load(cluster.client) as load:
        load.wait_more(2)
        cluster.kill(*away)
        load.wait_more(4)
        cluster.start(*away)
        load.wait_more(1)
    assert load.problems == []
    assert_healed(cluster.client, load.acknowledged)


def test_a_shard_whose_data_was_erased_holds_its_share_again(cluster):
    client = cluster.client
    before = [client.store_ready(samples.jpeg())["id"] for _ in range(4)]
    kept = {image_id: blobs(cluster, "s1", image_id) for image_id in before}
    with Load(client) as load:
        load.wait_more(1)
        erase(cluster, "s1")
        # Images that are being prepared meanwhile are not whole yet, and it says so.
        cluster.manage("repair", "--shard", "s1", "--apply", status=None)
        load.wait_more(1)
    assert load.problems == []
    assert {image_id: blobs(cluster, "s1", image_id) for image_id in before} == kept
    assert_healed(client, load.acknowledged)


def erase(system, name):
    """Remove all blobs of images from a shard; that it is a shard stays known."""
    store = system.shard(name)
    for key in list(store.keys()):
        if not key.startswith("_shoebox/"):
            store.delete(key)


def blobs(system, name, image_id):
    store = system.shard(name)
    found = {}
    for key in store.keys(image_prefix(id_parse(image_id))):
        with store.open(key) as blob:
            found[key] = (blob.read(), blob.stat.label)
    return found
