import asyncio

import pytest

from tests.unit.webapp.reader.world import KEYRING, OTHER_KEYRING, World
from webapp.core.keys import TOPOLOGY_KEY
from webapp.core.topology import topology_dump
from webapp.reader.follower import Follower, topology_kind
from webapp.reader.poller import Poller
from webapp.storage.aio.memory import MemoryReader


class FixedShards:
    def __init__(self, readers):
        self.readers = readers

    def all(self):
        return self.readers

    def reachable(self):
        return [reader.name for reader in self.readers]


@pytest.fixture
def world(tmp_path):
    return World.in_memory(tmp_path).found()


def poller_of(world, readers, *, seconds=1.0):
    follower = Follower(topology_kind(KEYRING))
    poller = Poller([(follower, world.topology_file)], shards=FixedShards(readers), seconds=seconds)
    return poller, follower


def readers_of(world, count):
    stores = list(world.stores.values())
    return [MemoryReader(stores[i % len(stores)]) for i in range(count)]


@pytest.mark.parametrize(("shards", "asked"), [(1, 1), (2, 2), (4, 2), (7, 4), (40, 8)])
async def test_a_round_asks_half_of_the_shards(world, shards, asked):
    readers = readers_of(world, shards)
    poller, _ = poller_of(world, readers)
    await poller.round()
    assert sum(TOPOLOGY_KEY in reader.opened for reader in readers) == asked


@pytest.mark.parametrize("shards", [2, 3, 4, 7, 16])
async def test_two_rounds_ask_them_all(world, shards):
    readers = readers_of(world, shards)
    poller, _ = poller_of(world, readers)
    await poller.round()
    await poller.round()
    assert all(TOPOLOGY_KEY in reader.opened for reader in readers)


async def test_the_file_of_an_older_revision_is_replaced(world):
    world.revision = 2
    world.publish(file=False)
    poller, _ = poller_of(world, readers_of(world, 2))
    await poller.round()
    assert world.topology_file.read_bytes() == topology_dump(world.topology, keyring=KEYRING)


async def test_a_file_signed_with_a_key_unknown_here_is_left_alone(world):
    theirs = topology_dump(world.topology, keyring=OTHER_KEYRING)
    world.topology_file.write_bytes(theirs)
    poller, follower = poller_of(world, readers_of(world, 2))
    await poller.round()
    assert (follower.value.revision, world.topology_file.read_bytes()) == (1, theirs)


async def test_a_shard_that_hangs_ends_with_the_round(world):
    async def hang(_key):
        await asyncio.Event().wait()

    hanging, well = readers_of(world, 2)
    hanging.before = hang
    poller, follower = poller_of(world, [hanging, well], seconds=0.05)
    await poller.round()
    assert follower.age < 1.0


async def test_a_file_that_cannot_be_written_is_no_error(world, tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    poller, follower = poller_of(world, readers_of(world, 2))
    poller._followers = [(follower, tmp_path / "taken" / "topology.json")]
    await poller.round()
    assert follower.value.revision == 1
