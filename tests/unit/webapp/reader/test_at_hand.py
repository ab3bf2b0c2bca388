"""Blobs at hand: one step for what the first position has in the kernel's memory."""

import asyncio

import pytest

from tests.unit.webapp.reader.test_positions import corrupt
from tests.unit.webapp.reader.test_sharing import hold
from tests.unit.webapp.reader.world import JPEG
from webapp.core.ids import Kind
from webapp.core.keys import ORIGINAL, blob_key
from webapp.storage.aio.base import Warm


@pytest.fixture
def warm(reader):
    """Give every shard its blobs at once, as folders do; return whom that was asked of."""
    asked = []

    def give(shard):
        def open_warm(key):
            asked.append((shard.name, key))
            with shard._store.open(key) as blob:
                return blob and Warm(blob.stat.label, blob.stat.modified, blob.read())

        return open_warm

    for shard in reader.maker.readers.values():
        shard.open_warm = give(shard)
    return asked


def key_of(image_id):
    return blob_key(image_id, ORIGINAL)


async def test_a_miss_at_hand_is_one_read_of_the_first_position(world, reader, warm):
    image_id = world.image()
    answer = await reader.get(f"/{image_id}")
    assert (answer.content, answer.headers["x-cache"]) == (JPEG, "shard")
    assert warm == [(world.positions(image_id)[0], key_of(image_id))]
    assert reader.maker.reads(key_of(image_id)) == 0


async def test_it_carries_the_headers_of_every_other_miss(world, reader, request):
    image_id = world.image()
    slowly = await reader.get(f"/{image_id}")
    reader.parts.cache.forget(key_of(image_id))
    request.getfixturevalue("warm")
    at_once = await reader.get(f"/{image_id}")
    assert {**at_once.headers, "server-timing": ""} == {**slowly.headers, "server-timing": ""}


async def test_it_stays_in_memory(world, reader, warm):
    image_id = world.image()
    await reader.get(f"/{image_id}")
    assert (await reader.get(f"/{image_id}")).headers["x-cache"] == "memory"
    assert len(warm) == 1


async def test_wrong_bytes_at_hand_are_stepped_over_and_noted(world, reader, warm):
    image_id = world.image()
    first = world.positions(image_id)[0]
    corrupt(world, image_id, first)
    answer = await reader.get(f"/{image_id}")
    assert (answer.status_code, answer.content) == (200, JPEG)
    assert [copy.shard for copy in reader.parts.noted.copies()] == [first]


async def test_what_is_being_read_is_waited_for(world, reader, warm):
    image_id = world.image()
    release = hold(reader)
    for shard in reader.maker.readers.values():
        shard.open_warm = lambda _key: None
    first = asyncio.create_task(reader.get(f"/{image_id}"))
    await reader.until(lambda: len(reader.parts.flights) == 1)
    for shard in reader.maker.readers.values():
        shard.open_warm = lambda _key: pytest.fail("a second read of what is being read")
    second = asyncio.create_task(reader.get(f"/{image_id}"))
    await reader.until(lambda: reader.parts.flights.joined == 1)
    release.set()
    assert {(await first).content, (await second).content} == {JPEG}


async def test_a_slow_shard_is_passed_over(world, reader, warm):
    image_id = world.image()
    first, second = world.positions(image_id)[:2]
    for _ in range(3):
        reader.parts.shards.get(first).pace.strike()
    await reader.get(f"/{image_id}")
    assert [name for name, _ in warm] == [second]


async def test_the_extension_of_another_type_is_not_found(world, reader, warm):
    assert (await reader.get(f"/{world.image()}.png")).status_code == 404


async def test_a_signed_image_is_not_given_without_its_signature(world, reader, warm):
    image_id = world.image(kind=Kind.SIGNED)
    assert (await reader.get(f"/{image_id}")).status_code == 403
    assert warm == []


async def test_what_the_journal_lists_is_gone(world, reader, warm):
    image_id = world.image()
    world.delete(str(image_id))
    await reader.until(lambda: str(image_id) in reader.parts.journal.value)
    assert (await reader.get(f"/{image_id}")).status_code == 410
    assert warm == []
