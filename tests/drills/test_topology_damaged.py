"""The topology on shards and file is forged, rolled back, cut in half: nobody believes it."""

import json

import pytest

from webapp.core.keys import TOPOLOGY_KEY
from webapp.core.label import Label
from webapp.core.signing import bytes_digest

LEFT = "s4"
"""The one shard that keeps the good document."""


def forged(good):
    """Say that every shard is dead, under a high revision and the old signature."""
    text = good.decode().replace('"active"', '"dead"')
    return text.replace('"revision": ', '"revision": 9', 1).encode()


def cut_in_half(good):
    return good[: len(good) // 2]


def unsigned(good):
    return json.dumps({"format": 1, "revision": 10**6, "versions": [], "shards": []}).encode()


def write_everywhere(system, data):
    """Put a document on every shard but one, and in the file that all processes here share."""
    for name in system.shard_names:
        if name != LEFT:
            label = Label(bytes_digest(data), "application/json")
            system.shard(name).put(TOPOLOGY_KEY, data, label=label)
    system.topology_file.write_bytes(data)


@pytest.fixture
def older(embedded):
    """Give a good document of an earlier revision, and leave a newer one everywhere."""
    data = embedded.topology_file.read_bytes()
    embedded.manage("shard", "set", "s1", "--state", "read_only")
    embedded.manage("shard", "set", "s1", "--state", "active")
    return data


@pytest.mark.parametrize("damage", ["forged", "cut in half", "unsigned", "rolled back"])
def test_nobody_believes_a_topology_that_is(embedded, load, older, damage):
    good = embedded.topology_file.read_bytes()
    ways = {"forged": forged, "cut in half": cut_in_half, "unsigned": unsigned}
    bad = ways[damage](good) if damage in ways else older
    assert bad != good
    with load(embedded) as running:
        running.wait_more(1)
        write_everywhere(embedded, bad)
        embedded.kill("read")
        embedded.start("read")
        running.wait_more(2)
        assert "active" in embedded.manage("shard", "set", "s1", "--state", "active")
        running.wait_more(1)
    for name in embedded.shard_names:
        with embedded.shard(name).open(TOPOLOGY_KEY) as blob:
            assert blob.read() == embedded.topology_file.read_bytes() != bad
    running.assert_healed()
