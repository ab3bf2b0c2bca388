import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import TooLargeError
from webapp.uploads import arrival as arrival_module
from webapp.uploads.arrival import PROMPT_BYTES, STEADY_BYTES, Arrival, PromptRoom
from webapp.uploads.spool import Held, Spooled

LIMIT = 4 * PROMPT_BYTES


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def room():
    return PromptRoom(together=2 * PROMPT_BYTES)


@pytest.fixture
def arrival(folder, room):
    return Arrival(folder=folder, limit=LIMIT, room=room)


@pytest.fixture
def patience(monkeypatch):
    """Let nobody wait for the moment after which a body is spooled."""
    monkeypatch.setattr(arrival_module, "PROMPT_SECONDS", 0.01)


async def spooled_by_time(folder):
    for _ in range(1000):
        if folder.exists() and list(folder.iterdir()):
            return
        await asyncio.sleep(0.01)
    pytest.fail("nothing was spooled in 10 s")


def bytes_of(received):
    if isinstance(received, Held):
        return received.take()
    return received.path.read_bytes()


async def test_what_arrives_at_once_is_never_in_the_spool(arrival, folder):
    await arrival.write(b"one ")
    await arrival.write(memoryview(b"two"))
    assert bytes_of(await arrival.finish()) == b"one two"
    assert not folder.exists()


async def test_what_takes_longer_is_spooled_while_more_is_waited_for(arrival, folder, patience):
    await arrival.write(bytes(200_000))
    await spooled_by_time(folder)
    await arrival.write(b"end")
    received = await arrival.finish()
    assert isinstance(received, Spooled)
    assert received.path.read_bytes() == bytes(200_000) + b"end"


@pytest.mark.parametrize(("more", "kept"), [(STEADY_BYTES, Held), (STEADY_BYTES - 1, Spooled)])
async def test_what_keeps_coming_stays_for_another_moment(arrival, more, kept):
    await arrival.write(b"first")
    await arrival.write(bytes(more))
    arrival._look_again()
    assert isinstance(await arrival.finish(), kept)


async def test_what_is_large_is_spooled(arrival):
    await arrival.write(bytes(PROMPT_BYTES))
    await arrival.write(b"x")
    received = await arrival.finish()
    assert isinstance(received, Spooled)
    assert received.size == PROMPT_BYTES + 1


async def test_without_room_bodies_are_spooled(folder):
    arrival = Arrival(folder=folder, limit=LIMIT, room=PromptRoom(together=10))
    await arrival.write(bytes(11))
    assert isinstance(await arrival.finish(), Spooled)


async def test_room_is_held_until_it_is_stored_and_no_longer(arrival, room):
    with arrival:
        await arrival.write(bytes(PROMPT_BYTES))
        await arrival.finish()
        assert not room.take(PROMPT_BYTES + 1)
    assert room.take(2 * PROMPT_BYTES)


async def test_who_is_spooled_gives_the_room_back_at_once(arrival, room, folder, patience):
    await arrival.write(bytes(PROMPT_BYTES))
    await spooled_by_time(folder)
    await arrival.finish()
    assert room.take(2 * PROMPT_BYTES)


@pytest.mark.parametrize("sizes", [[], [PROMPT_BYTES] * 4])
async def test_a_byte_more_than_the_limit_is_refused_at_once(arrival, sizes):
    for size in sizes:
        await arrival.write(bytes(size))
    with pytest.raises(TooLargeError):
        await arrival.write(bytes(LIMIT - sum(sizes) + 1))
    await arrival.discard()


async def test_a_small_limit_counts_for_what_is_held_too(folder, room):
    arrival = Arrival(folder=folder, limit=10, room=room)
    await arrival.write(bytes(10))
    with pytest.raises(TooLargeError):
        await arrival.write(b"x")


@pytest.mark.parametrize("size", [0, 10, PROMPT_BYTES + 1])
async def test_discard_leaves_nothing(arrival, folder, room, size):
    with arrival:
        await arrival.write(bytes(size))
        await arrival.discard()
    assert not folder.exists() or list(folder.iterdir()) == []
    assert room.take(2 * PROMPT_BYTES)


async def test_discard_waits_for_what_is_on_its_way_to_the_spool(arrival, folder, patience):
    await arrival.write(bytes(PROMPT_BYTES))
    await asyncio.sleep(0.02)
    await arrival.discard()
    assert not folder.exists() or list(folder.iterdir()) == []


@given(st.lists(st.integers(0, PROMPT_BYTES // 3), max_size=5), st.integers(0, 4))
async def test_whatever_is_written_is_kept_in_order(tmp_path_factory, sizes, pause):
    folder = tmp_path_factory.getbasetemp() / "spool"
    arrival = Arrival(folder=folder, limit=8 * PROMPT_BYTES, room=PromptRoom())
    data = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    for number, part in enumerate(data):
        await arrival.write(part)
        if number == pause:
            arrival._spool_from_now()
    assert bytes_of(await arrival.finish()) == b"".join(data)
    await arrival.discard()
