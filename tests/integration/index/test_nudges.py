"""Nudges of a relay: after the commit, not too many, on PostgreSQL alone; what they end."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connections, transaction

from webapp.outbox import nudges
from webapp.outbox.models import OutboxMessage
from webapp.outbox.nudges import Nudges, relay_nudge
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Task

LONG_SECONDS = 30.0


@pytest.fixture
def said(monkeypatch):
    """What was said to the index, by this module alone."""
    found = []
    monkeypatch.setattr(nudges, "_say", found.append)
    monkeypatch.setattr(nudges._Nudged, "at", float("-inf"))
    return found


@pytest.fixture
def elsewhere():
    """Another connection."""
    with ThreadPoolExecutor(1) as thread:
        yield thread
        thread.submit(connections.close_all).result()


def test_a_nudge_ends_a_wait_and_is_noted_by_the_next_question(postgresql, elsewhere):
    waiting = Nudges()
    waiting.wait(0.0)  # listens from now on
    since = time.monotonic()
    nudges._Nudged.at = float("-inf")
    elsewhere.submit(relay_nudge).result()
    waiting.wait(LONG_SECONDS)
    assert time.monotonic() - since < LONG_SECONDS
    assert waiting.last < since
    assert not OutboxMessage.objects.exists()
    assert waiting.last > since


def test_a_wait_without_a_nudge_ends(index):
    since = time.monotonic()
    Nudges().wait(0.05)
    assert time.monotonic() - since >= 0.05


def test_a_new_connection_listens_again(postgresql, elsewhere):
    waiting = Nudges()
    waiting.wait(0.0)
    connections["default"].close()
    waiting.wait(0.0)
    nudges._Nudged.at = float("-inf")
    elsewhere.submit(relay_nudge).result()
    assert not OutboxMessage.objects.exists()
    assert waiting.last > 0


def test_a_connection_that_ended_is_told_of_by_the_next_question(postgresql):
    waiting = Nudges()
    waiting.wait(0.0)
    connections["default"].connection.close()
    waiting.wait(LONG_SECONDS)
    with pytest.raises(DatabaseError):
        OutboxMessage.objects.exists()
    connections["default"].close()


def test_messages_nudge_once_they_are_committed(postgresql, said):
    with transaction.atomic():
        outbox_add(subject="an image", tasks=[Task.REPLICATE])
        assert not said
    assert len(said) == 1


def test_messages_that_are_rolled_back_nudge_nobody(postgresql, said):
    with transaction.atomic():
        outbox_add(subject="an image", tasks=[Task.REPLICATE])
        transaction.set_rollback(True)
    assert not said


def test_a_nudge_that_fails_is_nobodys_failure(postgresql, monkeypatch):
    monkeypatch.setattr(nudges._Nudged, "at", float("-inf"))
    connections["default"].ensure_connection()
    connections["default"].connection.close()
    relay_nudge()
    connections["default"].close()


def test_a_process_nudges_no_more_often_than_is_of_use(postgresql, said, monkeypatch):
    monkeypatch.setattr(nudges, "NUDGE_SECONDS", LONG_SECONDS)
    for _ in range(3):
        relay_nudge()
    assert len(said) == 1


@pytest.mark.parametrize("index", ["sqlite"], indirect=True)
def test_sqlite_passes_no_nudges_on(index, said):
    relay_nudge()
    assert not said
