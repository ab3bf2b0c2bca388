import asyncio

import pytest

from webapp.uploads import turns as turns_module
from webapp.uploads.turns import Turns


class World:
    """A clock, and who had a turn."""

    def __init__(self):
        self.now = 1000.0
        self.stored = []


@pytest.fixture
def world(monkeypatch):
    world = World()
    monkeypatch.setattr(turns_module.time, "monotonic", lambda: world.now)
    return world


async def store(world, turns, name, *, took=0.0):
    async with turns.turn(took=took):
        world.stored.append(name)
        await asyncio.sleep(0)


async def crowd(world, turns, *uploads):
    """Let uploads arrive one after the other while the only place is taken; then let them go."""
    async with turns.turn(took=0.0):
        tasks = []
        for name, took in uploads:
            tasks.append(asyncio.create_task(store(world, turns, name, took=took)))
            await asyncio.sleep(0)
            world.now += 0.1
    await asyncio.gather(*tasks)
    return world.stored


async def test_no_more_are_stored_at_a_time_than_there_are_places(world):
    turns = Turns(2)
    async with turns.turn(took=0), turns.turn(took=0):
        third = asyncio.create_task(store(world, turns, "third"))
        await asyncio.sleep(0)
        assert world.stored == []
    await third
    assert world.stored == ["third"]


async def test_those_who_took_equally_long_are_stored_in_order(world):
    assert await crowd(world, Turns(1), ("a", 1), ("b", 1), ("c", 1)) == ["a", "b", "c"]


async def test_a_fresh_upload_goes_before_a_crowd_of_slow_ones(world):
    slow = [(f"slow{number}", 30) for number in range(5)]
    stored = await crowd(world, Turns(1), *slow, ("fresh", 0.01))
    assert stored[0] == "fresh"


async def test_a_slow_upload_is_stored_once_it_waited_as_long_as_it_took(world):
    turns = Turns(1)
    async with turns.turn(took=0):
        slow = asyncio.create_task(store(world, turns, "slow", took=30))
        await asyncio.sleep(0)
        world.now += 31
        fresh = asyncio.create_task(store(world, turns, "fresh"))
        await asyncio.sleep(0)
    await asyncio.gather(slow, fresh)
    assert world.stored == ["slow", "fresh"]


async def test_who_gives_up_waiting_holds_up_nobody(world):
    turns = Turns(1)
    async with turns.turn(took=0):
        gone = asyncio.create_task(store(world, turns, "gone"))
        next_one = asyncio.create_task(store(world, turns, "next"))
        await asyncio.sleep(0)
        gone.cancel()
    await asyncio.gather(gone, next_one, return_exceptions=True)
    assert world.stored == ["next"]


async def test_who_gives_up_when_it_is_their_turn_hands_it_on(world):
    turns = Turns(1)
    async with turns.turn(took=0):
        gone = asyncio.create_task(store(world, turns, "gone"))
        next_one = asyncio.create_task(store(world, turns, "next"))
        await asyncio.sleep(0)
    gone.cancel()  # after it was given the place, before it woke
    await asyncio.gather(gone, next_one, return_exceptions=True)
    assert world.stored == ["next"]


async def test_a_turn_is_given_back_after_any_error(world):
    turns = Turns(1)
    with pytest.raises(KeyboardInterrupt):
        async with turns.turn(took=0):
            raise KeyboardInterrupt
    await store(world, turns, "next")
    assert world.stored == ["next"]


async def test_the_wait_of_a_fresh_upload_counts_those_before_it(world):
    turns = Turns(1)
    for _ in range(60):  # until what one takes is known
        async with turns.turn(took=0):
            world.now += 2
    assert turns.wait_expected() == 0
    async with turns.turn(took=0):
        names = [("quick", 0.0), ("quick too", 0.0), ("slow", 60.0)]
        tasks = [asyncio.create_task(store(world, turns, name, took=t)) for name, t in names]
        await asyncio.sleep(0)
        assert turns.wait_expected() == pytest.approx(4, rel=0.05)
    await asyncio.gather(*tasks)
