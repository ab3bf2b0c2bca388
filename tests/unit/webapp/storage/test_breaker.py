"""Breakers open after failures in a row and let one caller try again."""

import pytest

from webapp.storage.breaker import Breakers


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breakers(clock):
    return Breakers(failures=3, open_seconds=10.0, clock=clock)


def fail(breakers, times: int) -> None:
    for _ in range(times):
        breakers.failed("a")


def test_a_shard_nobody_knows_is_allowed(breakers):
    assert breakers.allows("a")


def test_fewer_failures_than_it_takes_leave_it_closed(breakers):
    fail(breakers, 2)
    assert breakers.allows("a")


def test_failures_in_a_row_open_it(breakers):
    fail(breakers, 3)
    assert not breakers.allows("a")
    assert breakers.open_names() == ["a"]


def test_a_success_between_failures_keeps_it_closed(breakers):
    fail(breakers, 2)
    breakers.succeeded("a")
    fail(breakers, 2)
    assert breakers.allows("a")


def test_one_shard_does_not_open_anothers(breakers):
    fail(breakers, 3)
    assert breakers.allows("b")


def test_half_open_lets_one_caller_try(breakers, clock):
    fail(breakers, 3)
    clock.now += 10
    assert [breakers.allows("a") for _ in range(3)] == [True, False, False]


def test_a_failed_trial_keeps_it_open(breakers, clock):
    fail(breakers, 3)
    clock.now += 10
    breakers.allows("a")
    breakers.failed("a")
    clock.now += 9
    assert not breakers.allows("a")


def test_a_successful_trial_closes_it(breakers, clock):
    fail(breakers, 3)
    clock.now += 10
    breakers.allows("a")
    breakers.succeeded("a")
    assert breakers.allows("a")
    assert breakers.allows("a")


def test_a_trial_nobody_reports_on_is_followed_by_another(breakers, clock):
    fail(breakers, 3)
    clock.now += 10
    breakers.allows("a")
    clock.now += 10
    assert breakers.allows("a")
