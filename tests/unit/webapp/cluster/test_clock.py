import time
from datetime import timedelta

import pytest
from django.utils import timezone

from webapp.cluster import clock
from webapp.cluster.clock import MEASURE_SECONDS, index_now

HOUR = 3600


@pytest.fixture
def index(monkeypatch):
    """Say how far ahead the index's clock is, and how often it was asked."""
    asked = []

    def arrange(ahead):
        monkeypatch.setattr(clock, "_measured", clock._Measured(timedelta(0), float("-inf")))
        told = None if ahead is None else time.time() + ahead
        monkeypatch.setattr(clock, "index_clock", lambda: asked.append(1) or told)
        return asked

    return arrange


def seconds_ahead():
    return (index_now() - timezone.now()).total_seconds()


@pytest.mark.parametrize("ahead", [HOUR, -HOUR, 0])
def test_it_is_as_far_ahead_as_the_index(index, ahead):
    index(ahead)
    assert abs(seconds_ahead() - ahead) < 60


def test_where_the_index_is_a_file_this_machine_is_right(index):
    index(None)
    assert abs(seconds_ahead()) < 60


def test_the_index_is_asked_once_a_minute(index, monkeypatch):
    asked = index(HOUR)
    index_now(), index_now()
    assert len(asked) == 1
    later = time.monotonic() + MEASURE_SECONDS
    monkeypatch.setattr("time.monotonic", lambda: later)
    index_now()
    assert len(asked) == 2
