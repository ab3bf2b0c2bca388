"""Documents on all shards and in a local file."""

import pytest

from tests.unit.webapp.storage.stores import Slow, silent
from webapp.core.errors import ConfigurationError
from webapp.core.keys import TOPOLOGY_KEY
from webapp.storage.documents import (
    document_fetch_all,
    document_publish,
    file_publish,
    file_read,
)
from webapp.storage.memory import MemoryStore

DOCUMENT = b'{"revision": 1}'


def test_a_document_is_published_to_every_shard():
    stores = [MemoryStore(name) for name in "abc"]
    assert document_publish(stores, TOPOLOGY_KEY, DOCUMENT) == ["a", "b", "c"]
    assert document_fetch_all(stores, TOPOLOGY_KEY).given == dict.fromkeys("abc", DOCUMENT)


def test_shards_that_do_not_answer_are_not_named():
    stores = [MemoryStore("a", fail=silent), MemoryStore("b")]
    assert document_publish(stores, TOPOLOGY_KEY, DOCUMENT) == ["b"]


def test_a_shard_that_hangs_holds_nobody_up():
    slow = Slow()
    stores = [MemoryStore("a", fail=slow), MemoryStore("b")]
    assert document_publish(stores, TOPOLOGY_KEY, DOCUMENT, within=0.05) == ["b"]
    slow.answer.set()


def test_no_shards_take_no_document():
    assert document_publish([], TOPOLOGY_KEY, DOCUMENT) == []


def test_absent_and_silent_differ():
    stores = [MemoryStore("a"), MemoryStore("b", fail=silent)]
    answers = document_fetch_all(stores, TOPOLOGY_KEY)
    assert answers.given == {"a": None}
    assert list(answers.silent) == ["b"]


def test_a_damaged_document_counts_as_silent():
    store = MemoryStore("a")
    document_publish([store], TOPOLOGY_KEY, DOCUMENT)
    store.corrupt(TOPOLOGY_KEY, b"{")
    assert list(document_fetch_all([store], TOPOLOGY_KEY).silent) == ["a"]


def test_a_defect_in_a_question_is_not_hidden():
    store = MemoryStore("a", fail=lambda *_: ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        document_fetch_all([store], TOPOLOGY_KEY)


def test_a_file_is_read_as_it_was_published(tmp_path):
    path = tmp_path / "new" / "topology.json"
    file_publish(path, DOCUMENT)
    assert file_read(path) == DOCUMENT


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "topology.json"
    file_publish(path, DOCUMENT * 100)
    file_publish(path, DOCUMENT)
    assert file_read(path) == DOCUMENT
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_nobody_published_is_none(tmp_path):
    assert file_read(tmp_path / "topology.json") is None


def test_a_file_that_cannot_be_written_stops_and_leaves_nothing(tmp_path):
    path = tmp_path / "topology.json"
    path.mkdir()
    with pytest.raises(ConfigurationError, match=r"topology\.json"):
        file_publish(path, DOCUMENT)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_read_stops(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        file_read(tmp_path)
