"""Many readers of one blob."""

import asyncio

import pytest

from tests.unit.webapp.reader.world import JPEG, serving


@pytest.fixture
def image_id(world):
    return world.image()


def hold(reader):
    """Make every shard wait until the event is set; return it."""
    release = asyncio.Event()

    async def wait(key):
        if "_shoebox" not in key:
            await release.wait()

    for shard in reader.maker.readers.values():
        shard.before = wait
    return release


async def test_many_concurrent_misses_make_one_read(image_id, reader):
    release = hold(reader)
    requests = [asyncio.create_task(reader.get(f"/{image_id}")) for _ in range(50)]
    await reader.until(lambda: reader.parts.flights.joined == 49)
    release.set()
    answers = await asyncio.gather(*requests)
    assert {answer.content for answer in answers} == {JPEG}
    assert reader.maker.reads(f"{image_id.partition}/{image_id}/original") == 1


async def test_a_client_that_goes_away_does_not_stop_the_others(image_id, reader):
    release = hold(reader)
    first = asyncio.create_task(reader.get(f"/{image_id}"))
    await reader.until(lambda: len(reader.parts.flights) == 1)
    second = asyncio.create_task(reader.get(f"/{image_id}"))
    await reader.until(lambda: reader.parts.flights.joined == 1)
    first.cancel()
    release.set()
    assert (await second).content == JPEG


async def test_a_read_nobody_waits_for_ends_in_memory(image_id, reader):
    release = hold(reader)
    only = asyncio.create_task(reader.get(f"/{image_id}"))
    await reader.until(lambda: len(reader.parts.flights) == 1)
    only.cancel()
    release.set()
    await reader.until(lambda: len(reader.parts.cache) == 1)


async def test_what_is_larger_than_the_setting_is_not_kept(world):
    image_id = world.image()
    async with serving(world, cache_blob_bytes=len(JPEG) - 1) as reader:
        assert (await reader.get(f"/{image_id}")).content == JPEG
        assert len(reader.parts.cache) == 0


async def test_memory_is_bounded_by_bytes(world, reader):
    reader.parts.source.cache._held.capacity = 20_000
    for _ in range(10):
        await reader.get(f"/{world.image(b'x' * 5_000)}")
    assert reader.parts.cache.used <= 20_000
    assert len(reader.parts.cache) > 0
