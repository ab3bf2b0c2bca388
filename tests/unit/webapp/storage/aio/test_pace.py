import pytest

from webapp.storage.aio.pace import (
    MOST_OPEN_SECONDS,
    OPEN_SECONDS,
    QUICKEST_HEDGE,
    STRIKES_TO_OPEN,
    Pace,
)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pace(clock):
    return Pace(clock)


def strike(pace, times=STRIKES_TO_OPEN):
    for _ in range(times):
        pace.strike()


def test_strikes_in_a_row_open_the_breaker(pace):
    strike(pace)
    assert pace.open


def test_an_answer_between_forgives(pace):
    strike(pace, STRIKES_TO_OPEN - 1)
    pace.answered(0.001)
    pace.strike()
    assert not pace.open


def test_an_answer_does_not_close_it(pace):
    strike(pace)
    pace.answered(0.001)
    assert pace.open


def test_a_quick_probe_closes_it_when_its_time_is_over(pace, clock):
    strike(pace)
    pace.probed(0.001)
    assert pace.open
    clock.now = OPEN_SECONDS
    pace.probed(0.001)
    assert not pace.open


def test_a_slow_probe_leaves_it_open(pace, clock):
    strike(pace)
    clock.now = OPEN_SECONDS
    pace.probed(2.0)
    assert pace.open


def test_one_more_strike_opens_it_for_longer(pace, clock):
    strike(pace)
    clock.now = OPEN_SECONDS
    pace.probed(0.001)
    pace.strike()
    clock.now += OPEN_SECONDS
    pace.probed(0.001)
    assert pace.open


def test_it_is_tried_again_at_least_once_a_minute(pace, clock):
    for _ in range(20):
        strike(pace)
        clock.now += MOST_OPEN_SECONDS
        pace.probed(0.001)
    assert not pace.open


def test_the_hedge_follows_the_95th_percentile(pace):
    for number in range(1, 113):
        pace.answered(0.3 if number % 10 == 0 else 0.05)
    assert pace.hedge_after == 0.3


def test_the_hedge_is_never_a_matter_of_scheduling(pace):
    for _ in range(32):
        pace.answered(0.0001)
    assert pace.hedge_after == QUICKEST_HEDGE
