"""One of four shards hangs, is late, lies or is dead: no errors, and hardly anybody waits."""

import asyncio
import time

import pytest

from tests.unit.webapp.reader.world import JPEG, serving
from webapp.core.errors import ShardUnavailableError

IMAGES = 60
BAD_SHARD = "a1"
LATE_SECONDS = 2


async def hang(_key):
    await asyncio.Event().wait()


async def answer_late(_key):
    await asyncio.sleep(LATE_SECONDS)


def hanging(world, reader):
    reader.maker.readers[BAD_SHARD].before = hang


def late(world, reader):
    reader.maker.readers[BAD_SHARD].before = answer_late


def lying(world, reader):
    store = world.stores[BAD_SHARD]
    for key in list(store.keys()):
        if key.endswith("original"):
            store.corrupt(key, JPEG[::-1])


def dead(world, reader):
    store = world.stores[BAD_SHARD]
    store.fail = lambda _operation, _key: ShardUnavailableError("dead")


async def read(reader, images):
    """Read images one after the other; return the answers and the slowest in seconds."""
    answers, slowest = [], 0.0
    for image_id in images:
        started = time.perf_counter()
        answers.append(await reader.get(f"/{image_id}"))
        slowest = max(slowest, time.perf_counter() - started)
    return answers, slowest


@pytest.fixture(params=[hanging, late, lying, dead])
async def broken(request, world):
    images = [world.image() for _ in range(IMAGES)]
    async with serving(world, cache_bytes=0) as reader:
        request.param(world, reader)
        yield reader, images


async def test_nobody_gets_an_error_or_wrong_bytes(broken):
    reader, images = broken
    answers, _ = await read(reader, images)
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, JPEG)}


async def test_once_it_was_found_out_nobody_waits_for_it(broken):
    reader, images = broken
    await read(reader, images)
    assert {"shard:" + BAD_SHARD, "slow:" + BAD_SHARD} & set(reader.parts.readiness().degraded)
    opened = reader.maker.readers[BAD_SHARD].opened
    opened.clear()
    _, slowest = await read(reader, images[:20])
    # Its identity is looked at meanwhile, and one that lies shows it and is tried once more.
    assert len([key for key in opened if key.endswith("original")]) <= 1
    assert slowest < LATE_SECONDS / 2


async def test_a_slow_shard_is_still_asked_for_what_nobody_else_has(world):
    image_id = world.image()
    for shard in world.positions(image_id):
        if shard != BAD_SHARD:
            world.stores[shard].delete(f"{image_id.partition}/{image_id}/original")
    world.put_on(BAD_SHARD, image_id, "original", JPEG)
    async with serving(world) as reader:
        pace = reader.parts.shards.get(BAD_SHARD).pace
        for _ in range(3):
            pace.strike()
        assert (pace.open, (await reader.get(f"/{image_id}")).content) == (True, JPEG)


async def test_shards_that_were_taken_for_silent_are_looked_at_before_a_503(world):
    image_id = world.image()
    async with serving(world, cache_bytes=0) as reader:
        await asyncio.sleep(0.6)  # nobody is looked at twice in half a second
        for watch in reader.parts.shards._watches.values():
            watch.cancel()
        for shard in reader.parts.shards.all():
            shard.failed(ShardUnavailableError("no processor for seconds"))
        answer = await reader.get(f"/{image_id}")
    assert (answer.status_code, answer.content) == (200, JPEG)


async def test_many_at_once_do_not_wait_for_a_shard_that_hangs(world):
    images = [world.image() for _ in range(5 * IMAGES)]
    async with serving(world, cache_bytes=0, deadline_seconds=30.0) as reader:
        hanging(world, reader)
        started = time.perf_counter()
        answers = await asyncio.gather(*(reader.get(f"/{image_id}") for image_id in images))
    assert {answer.content for answer in answers} == {JPEG}
    assert time.perf_counter() - started < 4  # a position may take 6


async def test_a_read_under_way_when_the_process_ends_is_told_to_try_again(world):
    image_id = world.image()
    async with serving(world) as reader:
        for shard in reader.maker.readers.values():
            shard.before = hang
        asked = asyncio.create_task(reader.get(f"/{image_id}"))
        await reader.until(lambda: len(reader.parts.flights) == 1)
        await reader.parts.flights.aclose()
        assert (await asked).status_code == 503
