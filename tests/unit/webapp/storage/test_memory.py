"""What MemoryStore adds for tests."""

import pytest

from tests.unit.webapp.storage.stores import DATA, KEY, LABEL, silent
from webapp.core.errors import ShardFullError, ShardUnavailableError
from webapp.storage.memory import MemoryStore


def test_a_store_without_room_is_full_and_keeps_what_it_has():
    store = MemoryStore("a", capacity=len(DATA))
    store.put(KEY, DATA, label=LABEL)
    with pytest.raises(ShardFullError):
        store.put(KEY + ".2", DATA, label=LABEL)
    assert list(store.keys()) == [KEY]


def test_a_blob_may_replace_itself_in_a_full_store():
    store = MemoryStore("a", capacity=len(DATA))
    store.put(KEY, DATA, label=LABEL)
    store.put(KEY, DATA, label=LABEL)


def test_failures_are_told_operation_and_key():
    calls = []
    store = MemoryStore("a", fail=lambda *call: calls.append(call))
    store.stat(KEY)
    assert calls == [("stat", KEY)]


def test_failures_may_come_and_go():
    store = MemoryStore("a", fail=silent)
    with pytest.raises(ShardUnavailableError):
        store.stat(KEY)
    store.fail = None
    assert store.stat(KEY) is None
