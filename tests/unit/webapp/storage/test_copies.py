"""Reading one blob from whichever shard has a good copy."""

import pytest

from tests.unit.webapp.storage.stores import DATA, KEY, LABEL, silent
from webapp.core.errors import DigestMismatchError, ShardsUnavailableError
from webapp.core.signing import bytes_digest
from webapp.storage.copies import copy_any, read_any
from webapp.storage.memory import MemoryStore


def holding(name: str, data: bytes = DATA) -> MemoryStore:
    store = MemoryStore(name)
    store.put(KEY, DATA, label=LABEL)
    if data != DATA:
        store.corrupt(KEY, data)
    return store


def test_the_first_good_copy_is_read():
    copy = read_any([holding("a"), holding("b")], KEY)
    assert (copy.shard_name, copy.data, copy.bad) == ("a", DATA, ())


def test_a_shard_that_lacks_it_is_stepped_over():
    assert read_any([MemoryStore("a"), holding("b")], KEY).shard_name == "b"


def test_a_shard_that_does_not_answer_is_stepped_over():
    assert read_any([MemoryStore("a", fail=silent), holding("b")], KEY).shard_name == "b"


def test_a_bad_copy_is_stepped_over_and_named():
    copy = read_any([holding("a", b"rotten"), holding("b")], KEY)
    assert (copy.data, copy.bad) == (DATA, ("a",))


def test_a_copy_with_another_digest_than_wanted_is_bad():
    with pytest.raises(DigestMismatchError):
        read_any([holding("a")], KEY, digest=bytes_digest(b"other"))


def test_absent_everywhere_is_none():
    assert read_any([MemoryStore("a"), MemoryStore("b")], KEY) is None


def test_absent_here_and_silent_there_is_not_none():
    with pytest.raises(ShardsUnavailableError, match="b cannot tell"):
        read_any([MemoryStore("a"), MemoryStore("b", fail=silent)], KEY)


def test_only_bad_copies_are_an_error_that_names_them():
    with pytest.raises(DigestMismatchError, match="a, b"):
        read_any([holding("a", b"rotten"), holding("b", b"worse")], KEY)


def test_a_bad_copy_and_a_silent_shard_are_worth_another_try():
    with pytest.raises(ShardsUnavailableError):
        read_any([holding("a", b"rotten"), MemoryStore("b", fail=silent)], KEY)


def test_a_good_copy_is_written_to_a_file(tmp_path):
    path = tmp_path / "copy"
    copy = copy_any([holding("a", b"rotten and longer"), holding("b")], KEY, path)
    assert (copy.shard_name, path.read_bytes()) == ("b", DATA)
