"""How long a relay waits before it looks again."""

import pytest

from webapp.outbox import relay
from webapp.outbox.relay import (
    IDLE_MOST_SECONDS,
    IDLE_SECONDS,
    LOOK_ON_SECONDS,
    NUDGED_SECONDS,
    Pace,
)


class World:
    """A clock that goes on while somebody waits, and nudges that come when a test says so."""

    def __init__(self):
        self.now = 1000.0
        self.last = float("-inf")
        self.waits = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(("looks on", seconds))
        self.now += seconds

    def wait(self, seconds):
        self.waits.append(("waits", seconds))
        self.now += seconds


@pytest.fixture
def world(monkeypatch):
    made = World()
    monkeypatch.setattr(relay, "time", made)
    monkeypatch.setattr(relay, "Nudges", lambda: made)
    return made


def rested(pace, world, *, times):
    world.waits.clear()
    for _ in range(times):
        pace.rest()
    return world.waits


def test_without_nudges_it_looks_less_often_the_longer_there_was_nothing(world):
    pace = Pace()
    pace.found()
    waits = [seconds for _, seconds in rested(pace, world, times=1000)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (IDLE_SECONDS, IDLE_MOST_SECONDS)


def test_who_was_nudged_looks_on_for_a_while_and_then_waits_for_the_next_nudge(world):
    pace = Pace()
    world.last = world.now
    pace.found()
    waits = rested(pace, world, times=10)
    on = [seconds for kind, seconds in waits if kind == "looks on"]
    assert sum(on) >= LOOK_ON_SECONDS
    assert waits[len(on) :] == [("waits", NUDGED_SECONDS)] * (10 - len(on))


def test_a_nudge_without_messages_is_looked_after_as_well(world):
    pace = Pace()
    world.last = world.now
    pace.found()
    rested(pace, world, times=10)
    world.last = world.now
    assert rested(pace, world, times=1) == [("looks on", IDLE_SECONDS)]


def test_messages_that_come_without_a_nudge_are_looked_for_again(world):
    pace = Pace()
    world.last = world.now
    pace.found()
    rested(pace, world, times=10)
    pace.found()
    assert max(seconds for _, seconds in rested(pace, world, times=1000)) == IDLE_MOST_SECONDS
