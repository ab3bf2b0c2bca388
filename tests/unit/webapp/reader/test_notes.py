"""Bad copies are noted on shards, beside reads, and whatever becomes of that no read fails."""

import json

import pytest
from structlog.testing import capture_logs

from tests.unit.webapp.reader.test_positions import LARGE, corrupt
from tests.unit.webapp.reader.world import JPEG, serving
from webapp.core.errors import ShardUnavailableError
from webapp.core.keys import IDENTITY_KEY, NOTED_PREFIX
from webapp.core.notes import note_of
from webapp.core.shards import ShardState
from webapp.reader import notes as module
from webapp.reader.noted import BadCopy


def notes_on(world):
    """Return the notes that lie on each shard that has one."""
    found = {name: list(store.keys(NOTED_PREFIX)) for name, store in world.stores.items()}
    return {name: keys for name, keys in found.items() if keys}


def note_name(image_id, shard, blob="original"):
    return note_of(shard, f"{image_id.partition}/{image_id}/{blob}").name


def refuse_writes(world, *shards):
    """Act as stores whose credentials may only read."""

    def fail(operation, _key):
        return ShardUnavailableError("read-only") if operation == "put" else None

    for shard in shards:
        world.stores[shard].fail = fail


@pytest.fixture
def rotten(world):
    """Give an image whose first copy is bad, and the shards of its positions in order."""
    image_id = world.image()
    positions = world.positions(image_id)
    corrupt(world, image_id, positions[0])
    return image_id, positions


def counted(reader, result):
    registry = reader.parts.metrics.registry
    return registry.get_sample_value("shoebox_reader_notes_total", {"result": result}) or 0


async def test_a_bad_copy_is_noted_on_the_first_position_that_is_not_bad(world, rotten, reader):
    image_id, (bad, second, *_) = rotten
    assert (await reader.get(f"/{image_id}")).content == JPEG
    await reader.until(lambda: notes_on(world))
    assert notes_on(world) == {second: [note_name(image_id, bad)]}
    assert counted(reader, "written") == 1


async def test_a_note_tells_a_person_what_was_seen(world, rotten, reader):
    image_id, (bad, second, *_) = rotten
    await reader.get(f"/{image_id}")
    await reader.until(lambda: notes_on(world))
    with world.stores[second].open(note_name(image_id, bad)) as blob:
        said = json.loads(blob.read())
    assert (said["shard"], said["reason"]) == (bad, "digest")


async def test_a_large_bad_copy_is_noted_too(world, reader):
    image_id = world.image(LARGE)
    bad = world.positions(image_id)[0]
    corrupt(world, image_id, bad, data=b"x" + LARGE[1:])
    await reader.get(f"/{image_id}")
    await reader.until(lambda: notes_on(world))
    assert [*notes_on(world).values()] == [[note_name(image_id, bad)]]


async def test_many_readers_of_one_copy_in_any_zone_write_one_note(world, rotten):
    image_id, (bad, second, *_) = rotten
    written = []
    for zone in ("", "a", "b"):
        async with serving(world, zone=zone) as reader:
            reader.parts.noted.note(BadCopy(bad, f"{image_id.partition}/{image_id}/original", ""))
            await reader.until(lambda: notes_on(world))
        written.append(notes_on(world))
        for name, keys in notes_on(world).items():
            world.stores[name].delete(*keys)
    assert written == [{second: [note_name(image_id, bad)]}] * 3


async def test_where_no_other_takes_it_the_note_goes_beside_the_bad_copy(world, rotten, reader):
    image_id, (bad, *others) = rotten
    refuse_writes(world, *others)
    await reader.get(f"/{image_id}")
    await reader.until(lambda: notes_on(world))
    assert notes_on(world) == {bad: [note_name(image_id, bad)]}


async def test_nothing_is_written_to_a_store_that_is_not_itself_any_more(world, rotten, reader):
    image_id, (_, second, third, *_) = rotten
    world.stores[second].delete(IDENTITY_KEY)
    await reader.get(f"/{image_id}")
    await reader.until(lambda: notes_on(world))
    assert [*notes_on(world)] == [third]


async def test_no_note_goes_where_no_records_go(world, rotten):
    image_id, (_, second, third, *_) = rotten
    world.states = {second: ShardState.DOWN}
    world.publish()
    async with serving(world) as reader:
        await reader.get(f"/{image_id}")
        await reader.until(lambda: notes_on(world))
    assert [*notes_on(world)] == [third]


async def test_whoever_may_only_read_goes_on_reading_and_says_so_once(world, rotten, reader):
    image_id, _ = rotten
    other = world.image()
    corrupt(world, other, world.positions(other)[0])
    refuse_writes(world, *world.stores)
    reader.parts.notes._rest = 0.0
    with capture_logs() as logs:
        for name in (image_id, other):
            assert (await reader.get(f"/{name}")).content == JPEG
        await reader.until(lambda: counted(reader, "refused") > 4)
        assert (await reader.get(f"/{image_id}")).content == JPEG
    assert len([e for e in logs if e["event"] == "note not taken"]) == len(world.stores)
    assert reader.parts.shards.unreachable() == {}


async def test_a_note_that_nobody_took_is_written_once_somebody_does(world, rotten, reader):
    image_id, _ = rotten
    refuse_writes(world, *world.stores)
    reader.parts.notes._rest = 0.0
    await reader.get(f"/{image_id}")
    await reader.until(lambda: counted(reader, "refused"))
    for store in world.stores.values():
        store.fail = None
    await reader.until(lambda: notes_on(world))


async def test_more_notes_than_may_wait_are_dropped_and_noted_when_they_are_read_again(
    world, rotten, monkeypatch
):
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    image_id, (bad, *_) = rotten
    async with serving(world) as reader:
        for blob in ("w320.webp", "w800.webp", "original"):
            reader.parts.notes.add(BadCopy(bad, f"{image_id.partition}/{image_id}/{blob}", ""))
        assert counted(reader, "dropped") == 2
        await reader.get(f"/{image_id}")
        names = {note_name(image_id, bad, blob) for blob in ("w320.webp", "original")}
        await reader.until(lambda: set().union(*notes_on(world).values()) == names)


async def test_a_copy_that_was_noted_is_not_noted_again_at_once(world, rotten, reader):
    image_id, (bad, second, *_) = rotten
    copy = BadCopy(bad, f"{image_id.partition}/{image_id}/original", "digest")
    reader.parts.noted.note(copy)
    await reader.until(lambda: notes_on(world))
    world.stores[second].delete(note_name(image_id, bad))
    reader.parts.noted.note(copy)
    reader.parts.noted.note(BadCopy(bad, copy.key.replace("original", "w320.webp"), "digest"))
    await reader.until(lambda: notes_on(world))
    assert notes_on(world) == {second: [note_name(image_id, bad, "w320.webp")]}


async def test_a_defect_in_one_note_ends_no_others(world, rotten, reader):
    image_id, _ = rotten
    reader.parts.notes.add(BadCopy("a1", "no blob of an image", "digest"))
    await reader.get(f"/{image_id}")
    await reader.until(lambda: notes_on(world))
