"""Absent, silent and bad positions: what becomes 404, what 503, what is read elsewhere."""

import asyncio

import pytest

from tests.unit.webapp.reader.world import JPEG, label_of, serving
from webapp.core.errors import ShardUnavailableError
from webapp.core.ids import Kind, id_make
from webapp.core.shards import ShardState
from webapp.reader.blobs import WHOLE_BYTES

LARGE = bytes(range(256)) * (WHOLE_BYTES // 256 + 4096)


def silence(world, *shards):
    for shard in shards:
        world.stores[shard].fail = lambda _operation, _key: ShardUnavailableError("silent")


def corrupt(world, image_id, *shards, name="original", data=None):
    key = f"{image_id.partition}/{image_id}/{name}"
    for shard in shards:
        world.stores[shard].corrupt(key, data or b"rotten bytes of the same kind"[: len(JPEG)])


@pytest.fixture
def nowhere():
    return id_make(kind=Kind.PUBLIC, version=0)


def is_unavailable(answer):
    return (
        answer.status_code == 503
        and answer.json()["code"] == "shards-unavailable"
        and int(answer.headers["retry-after"]) > 0
        and answer.headers["cache-control"] == "no-store"
    )


async def test_what_no_position_has_is_not_found(reader, nowhere):
    assert (await reader.get(f"/{nowhere}")).status_code == 404


async def test_one_silent_position_hides_nothing(world, reader, nowhere):
    silence(world, "a1")
    assert (await reader.get(f"/{nowhere}")).status_code == 404


async def test_as_many_silent_positions_as_the_quorum_may_hide_a_copy(world, reader, nowhere):
    silence(world, "a1", "b1")
    assert is_unavailable(await reader.get(f"/{nowhere}"))


@pytest.mark.parametrize("state", [ShardState.DOWN, ShardState.DEAD])
async def test_down_and_dead_positions_count_as_silent(world, nowhere, state):
    world.states = {"a1": state, "b2": state}
    world.publish()
    async with serving(world) as reader:
        assert is_unavailable(await reader.get(f"/{nowhere}"))


async def test_any_two_shards_may_be_silent_and_an_original_still_reads(world):
    image_id = world.image()
    first, second, *_ = world.positions(image_id)
    silence(world, first, second)
    async with serving(world) as reader:
        assert (await reader.get(f"/{image_id}")).content == JPEG


async def test_a_hand_off_beyond_the_homes_is_found(world, reader):
    image_id = id_make(kind=Kind.PUBLIC, version=0)
    world.put_on(world.positions(image_id)[-1], image_id, "original", JPEG)
    assert (await reader.get(f"/{image_id}")).content == JPEG


async def test_homes_are_asked_in_order(world, reader):
    image_id = world.image()
    await reader.get(f"/{image_id}")
    first = world.positions(image_id)[0]
    key = f"{image_id.partition}/{image_id}/original"
    assert [n for n, r in reader.maker.readers.items() if key in r.opened] == [first]


async def test_a_home_in_the_own_zone_is_asked_first(world):
    image_id = world.image()
    homes = world.positions(image_id)[:3]
    last_zone = homes[1][0]
    async with serving(world, zone=last_zone) as reader:
        await reader.get(f"/{image_id}")
        key = f"{image_id.partition}/{image_id}/original"
        asked = [name for name, r in reader.maker.readers.items() if key in r.opened]
        assert [name[0] for name in asked] == [last_zone]


async def test_a_shard_that_hangs_is_left_for_the_next(world):
    image_id = world.image()

    async def hang(_key):
        await asyncio.Event().wait()

    async with serving(world, deadline_seconds=0.5) as reader:
        reader.maker.readers[world.positions(image_id)[0]].before = hang
        assert (await reader.get(f"/{image_id}")).content == JPEG


async def test_a_shard_that_hung_is_not_waited_for_again(world):
    image_id, other = world.image(), world.image()
    hanging = world.positions(image_id)[0]

    async def hang(_key):
        await asyncio.Event().wait()

    async with serving(world, deadline_seconds=0.5) as reader:
        reader.maker.readers[hanging].before = hang
        await reader.get(f"/{image_id}")
        key = f"{other.partition}/{other}/original"
        assert (await reader.get(f"/{other}")).content == JPEG
        assert key not in reader.maker.readers[hanging].opened


async def test_when_all_shards_hang_the_deadline_answers(world):
    image_id = world.image()

    async def hang(_key):
        await asyncio.Event().wait()

    async with serving(world, deadline_seconds=0.3) as reader:
        for shard in reader.maker.readers.values():
            shard.before = hang
        assert is_unavailable(await reader.get(f"/{image_id}"))


async def test_a_bad_copy_is_stepped_over(world, reader):
    image_id = world.image()
    corrupt(world, image_id, world.positions(image_id)[0])
    assert (await reader.get(f"/{image_id}")).content == JPEG


async def test_a_bad_copy_is_noted(world, reader):
    image_id = world.image()
    first = world.positions(image_id)[0]
    corrupt(world, image_id, first)
    await reader.get(f"/{image_id}")
    assert [(copy.shard, copy.reason) for copy in reader.parts.noted.copies()] == [
        (first, "digest")
    ]


async def test_a_bad_copy_is_counted(world, reader):
    image_id = world.image()
    first = world.positions(image_id)[0]
    corrupt(world, image_id, first)
    await reader.get(f"/{image_id}")
    assert (
        f'bad_copies_total{{reason="digest",shard="{first}"}} 1.0'
        in (await reader.get("/metrics")).text
    )


async def test_when_all_copies_are_bad_nothing_is_said_to_be_absent(world, reader):
    image_id = world.image()
    corrupt(world, image_id, *world.positions(image_id)[:3])
    assert is_unavailable(await reader.get(f"/{image_id}"))


async def test_a_large_bad_copy_is_cut_off_and_the_next_reader_gets_a_good_one(world, reader):
    image_id = world.image(LARGE)
    first = world.positions(image_id)[0]
    corrupt(world, image_id, first, data=b"x" + LARGE[1:])
    cut = await reader.get(f"/{image_id}")
    assert len(cut.content) < len(LARGE)
    assert (await reader.get(f"/{image_id}")).content == LARGE


async def test_a_cut_off_answer_is_counted_and_logged(world, reader):
    image_id = world.image(LARGE)
    corrupt(world, image_id, world.positions(image_id)[0], data=b"x" + LARGE[1:])
    await reader.get(f"/{image_id}")
    reader.parts.access_log.flush()
    assert '"cut":true' in "".join(reader.lines)
    assert "shoebox_reader_cut_off_total 1.0" in (await reader.get("/metrics")).text


async def test_a_store_that_lost_its_identity_is_silent_not_empty(world, reader):
    image_id = world.image()
    for shard in world.positions(image_id)[1:]:
        world.stores[shard].delete("_shoebox/shard.json")
        world.stores[shard].delete(f"{image_id.partition}/{image_id}/original")
    world.stores[world.positions(image_id)[0]].delete(f"{image_id.partition}/{image_id}/original")
    assert is_unavailable(await reader.get(f"/{image_id}"))


async def test_a_swapped_store_is_silent(world, reader, nowhere):
    for shard in ("a1", "b1"):
        world.stores[shard].delete("_shoebox/shard.json")
        data = b'{"format": 1, "name": "zz", "identity": "other"}'
        world.stores[shard].put(
            "_shoebox/shard.json", data, label=label_of(data, "application/json")
        )
    assert is_unavailable(await reader.get(f"/{nowhere}"))


async def test_a_shard_that_comes_back_is_read_again(world, reader):
    image_id = world.image()
    shards = world.positions(image_id)
    silence(world, *shards)
    assert is_unavailable(await reader.get(f"/{image_id}"))
    for shard in shards:
        world.stores[shard].fail = None
    await reader.until(lambda: not reader.parts.shards.unreachable())
    assert (await reader.get(f"/{image_id}")).content == JPEG
