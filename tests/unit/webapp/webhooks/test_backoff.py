from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.webhooks.backoff import LONGEST, retry_delay


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (8, 640)])
def test_each_wait_is_twice_the_last_give_or_take_a_quarter(attempts, seconds):
    delay = retry_delay(attempts=attempts, first_seconds=5).total_seconds()

    assert seconds * 0.75 <= delay <= seconds * 1.25


@given(attempts=st.integers(1, 65535), first=st.floats(0.01, 1e6))
def test_no_wait_is_much_longer_than_four_hours(attempts, first):
    assert timedelta() < retry_delay(attempts=attempts, first_seconds=first) <= LONGEST * 1.25


def test_what_failed_together_does_not_come_back_together():
    assert len({retry_delay(attempts=3, first_seconds=5) for _ in range(20)}) > 1


def test_sixteen_attempts_take_eighteen_hours():
    hours = sum(
        retry_delay(attempts=n, first_seconds=5).total_seconds() / 3600 for n in range(1, 16)
    )

    assert 13 <= hours <= 23
