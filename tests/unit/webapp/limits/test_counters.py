import asyncio

import pytest
from limits import parse

from webapp.limits import counters as counters_module
from webapp.limits.counters import Counters

RATE = parse("3/minute")


class Away:
    """Shared counters that do not answer, or do."""

    def __init__(self):
        self.asked = 0
        self.back = False

    async def hit(self, *_words):
        self.asked += 1
        if not self.back:
            raise ConnectionError("away")
        return True


@pytest.fixture
def away(monkeypatch):
    shared = Away()
    monkeypatch.setattr(counters_module, "_open", lambda _url: shared)
    return Counters(shared_url="redis://nowhere"), shared


async def hits(counters, count, caller="a"):
    return [await counters.hit(RATE, caller) for _ in range(count)]


async def test_so_many_pass_and_the_next_is_told_how_long_to_wait():
    *passed, refused = await hits(Counters(), 4)
    assert passed == [0, 0, 0]
    assert 1 <= refused <= 60


async def test_asking_does_not_count():
    counters = Counters()
    assert [await counters.wait(RATE, "a") for _ in range(9)] == [0] * 9
    *_, refused = await hits(counters, 4)
    assert 1 <= await counters.wait(RATE, "a") <= refused


async def test_callers_are_counted_apart():
    counters = Counters()
    await hits(counters, 4)
    assert await hits(counters, 1, caller="b") == [0]


async def test_who_waits_as_long_as_told_gets_through():
    rate, counters = parse("2/second"), Counters()
    waits = [await counters.hit(rate, "a") for _ in range(3)]
    await asyncio.sleep(max(waits) + 0.01)
    assert await counters.hit(rate, "a") == 0


async def test_many_at_once_are_not_let_in_past_the_limit():
    counters = Counters()
    waits = await asyncio.gather(*(counters.hit(RATE, "a") for _ in range(20)))
    assert waits.count(0) == 3


async def test_without_shared_counters_a_process_counts_alone(away):
    counters, _ = away
    assert [wait > 0 for wait in await hits(counters, 4)] == [False, False, False, True]


async def test_shared_counters_that_are_away_are_not_asked_each_time(away):
    counters, shared = away
    await hits(counters, 3)
    assert shared.asked == 1


async def test_shared_counters_that_came_back_count_again(away, monkeypatch):
    counters, shared = away
    await hits(counters, 4)
    shared.back = True
    monkeypatch.setattr(counters_module, "AWAY_SECONDS", 0.0)
    counters._away_until = 0.0
    assert await hits(counters, 1) == [0]
