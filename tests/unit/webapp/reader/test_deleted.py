"""The deletion journal: 410, and nothing stays in memory."""

import asyncio

import pytest

from tests.unit.webapp.reader.world import JPEG, serving
from webapp.reader import parts


@pytest.fixture
def image_id(world):
    return world.image()


async def is_gone(reader, image_id):
    await reader.until(lambda: str(image_id) in reader.parts.journal.value)
    answer = await reader.get(f"/{image_id}")
    return (
        answer.status_code == 410
        and answer.json()["code"] == "deleted"
        and answer.headers["cache-control"] == "no-store"
    )


@pytest.mark.parametrize("where", [{"file": False}, {"shards": False}], ids=["shards", "file"])
async def test_a_deleted_image_is_gone(world, image_id, reader, where):
    assert (await reader.get(f"/{image_id}")).content == JPEG
    world.delete(str(image_id), **where)
    assert await is_gone(reader, image_id)


async def test_nothing_of_it_stays_in_memory(world, image_id, reader):
    world.rendition(image_id, "w320.webp")
    for tail in ("", "/w320.webp"):
        await reader.get(f"/{image_id}{tail}")
    world.delete(str(image_id))
    await reader.until(lambda: len(reader.parts.cache) == 0)


async def test_other_images_stay(world, image_id, reader):
    other = world.image()
    await reader.get(f"/{other}")
    world.delete(str(image_id))
    await reader.until(lambda: str(image_id) in reader.parts.journal.value)
    assert (await reader.get(f"/{other}")).headers["x-cache"] == "memory"


async def test_a_known_tag_does_not_bring_it_back(world, image_id, reader):
    world.delete(str(image_id))
    await reader.until(lambda: str(image_id) in reader.parts.journal.value)
    headers = {"if-none-match": f'"{image_id}"'}
    assert (await reader.get(f"/{image_id}", headers=headers)).status_code == 410


async def test_a_read_under_way_leaves_nothing_behind(world, image_id, reader):
    release = asyncio.Event()

    async def wait(key):
        if "_shoebox" not in key:
            await release.wait()

    for shard in reader.maker.readers.values():
        shard.before = wait
    request = asyncio.create_task(reader.get(f"/{image_id}"))
    await reader.until(lambda: len(reader.parts.flights) == 1)
    world.delete(str(image_id))
    await reader.until(lambda: str(image_id) in reader.parts.journal.value)
    release.set()
    await request
    assert len(reader.parts.cache) == 0


async def test_a_restored_image_is_served_again(world, image_id, reader):
    world.delete(str(image_id))
    await reader.until(lambda: str(image_id) in reader.parts.journal.value)
    world.deleted.clear()
    world.delete()
    await reader.until(lambda: str(image_id) not in reader.parts.journal.value)
    assert (await reader.get(f"/{image_id}")).content == JPEG


async def test_a_reader_that_starts_alone_knows_the_journal_of_its_file(world, image_id):
    world.delete(str(image_id), shards=False)
    async with serving(world) as reader:
        assert (await reader.get(f"/{image_id}")).status_code == 410


async def test_who_heard_nothing_for_long_keeps_nothing(world, image_id, reader, monkeypatch):
    # It may have been listed and taken off again meanwhile.
    monkeypatch.setattr(parts, "UNHEARD_SECONDS", 0.0)
    assert (await reader.get(f"/{image_id}")).content == JPEG
    world.delete(str(world.image()))
    await reader.until(lambda: len(reader.parts.cache) == 0)
