"""Following the topology: new versions, bad copies, old ones, and starting with nothing."""

import asyncio

import pytest

from tests.unit.webapp.reader.world import JPEG, OTHER_KEYRING, serving
from webapp.core.ids import Kind, id_make
from webapp.core.shards import ShardState


@pytest.fixture
def newer_id():
    return id_make(kind=Kind.PUBLIC, version=1)


async def test_an_unknown_version_is_unavailable_never_absent(reader, newer_id):
    answer = await reader.get(f"/{newer_id}")
    assert (answer.status_code, answer.json()["code"]) == (503, "shards-unavailable")
    assert "retry-after" in answer.headers


async def test_an_unknown_version_makes_the_reader_look_at_once(world, newer_id):
    async with serving(world, poll_seconds=60.0) as reader:
        world.versions, world.revision = (0, 1), 2
        world.publish(file=False)
        world.put(newer_id, "original", JPEG)
        assert (await reader.get(f"/{newer_id}")).content == JPEG


async def test_names_with_made_up_versions_do_not_become_load(world):
    async with serving(world, poll_seconds=60.0) as reader:
        before = reader.maker.reads("_shoebox/topology.json")
        for number in range(2, 52):
            await reader.get(f"/{id_make(kind=Kind.PUBLIC, version=number)}")
        # One look onto all four, and the round that was due when the reader started.
        assert reader.maker.reads("_shoebox/topology.json") - before <= 4 + 2


async def test_a_newer_topology_is_followed(world, reader):
    world.revision = 2
    world.publish()
    await reader.until(lambda: reader.parts.topology.value.revision == 2)


async def test_a_newer_topology_from_shards_is_kept_on_disk(world, reader):
    world.revision = 2
    world.publish(file=False)
    await reader.until(lambda: b'"revision": 2' in world.topology_file.read_bytes())


async def test_a_topology_of_a_stranger_is_refused(world, reader):
    world.revision = 9
    world.publish(keyring=OTHER_KEYRING)
    rounds = reader.maker.reads("_shoebox/topology.json")
    await reader.until(lambda: reader.maker.reads("_shoebox/topology.json") > rounds + 8)
    assert reader.parts.topology.value.revision == 1


async def test_an_older_topology_is_refused(world):
    world.revision = 5
    world.publish()
    async with serving(world) as reader:
        world.revision = 4
        world.publish()
        rounds = reader.maker.reads("_shoebox/topology.json")
        await reader.until(lambda: reader.maker.reads("_shoebox/topology.json") > rounds + 8)
        assert reader.parts.topology.value.revision == 5


async def test_a_reader_without_a_file_starts_from_seeds(world):
    world.topology_file.unlink()
    async with serving(world, seed_shards={"a1": "memory://a1"}) as reader:
        assert (await reader.get(f"/{world.image()}")).content == JPEG


async def test_a_reader_whose_shards_have_all_moved_asks_seeds(world):
    world.revision = 2
    world.publish(file=False)
    async with serving(world, seed_shards={"seed": "memory://seed"}) as reader:
        reader.parts.shards.reachable = list
        reader.parts.poller._seeds[0].opened.clear()
        await reader.until(lambda: "_shoebox/topology.json" in reader.maker.readers["seed"].opened)


async def test_a_reader_that_knows_nothing_says_so(world):
    world.topology_file.unlink()
    async with serving(world) as reader:
        ready = await reader.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
        assert (await reader.get(f"/{world.image()}")).status_code == 503


async def test_a_reader_that_knows_nothing_learns_from_the_file(world):
    data = world.topology_file.read_bytes()
    world.topology_file.unlink()
    async with serving(world) as reader:
        world.topology_file.write_bytes(data)
        await reader.until(lambda: reader.parts.topology.value.revision == 1)
        assert (await reader.get(f"/{world.image()}")).content == JPEG


async def test_with_an_unconfirmed_topology_absent_is_not_certain(world, reader):
    image_id = world.image()
    reader.parts.topology._confirmed -= reader.parts.settings.unconfirmed_seconds + 5
    reader.parts.poller._look_shard = lambda _reader: asyncio.sleep(0)
    nowhere = id_make(kind=Kind.PUBLIC, version=0)
    assert (await reader.get(f"/{nowhere}")).status_code == 503
    assert (await reader.get(f"/{image_id}")).content == JPEG


async def test_a_shard_that_moved_is_read_at_its_new_address(world, reader):
    world.urls = {"a1": "memory://elsewhere"}
    world.revision = 2
    old = reader.parts.shards.get("a1")
    world.publish()
    await reader.until(lambda: reader.parts.shards.get("a1") is not old)


async def test_a_shard_that_is_down_is_not_asked(world, reader):
    world.states = {"a1": ShardState.DOWN}
    world.revision = 2
    world.publish()
    await reader.until(lambda: reader.parts.shards.get("a1") is None)
