"""What is kept of a bad copy, on every kind of shard."""

from datetime import UTC, datetime

import pytest

from webapp.core.label import Label
from webapp.core.signing import bytes_digest
from webapp.storage.quarantine import (
    QuarantinedCopy,
    quarantine_copy,
    quarantine_key,
    quarantine_parse,
)

KEY = "abc/p000abc00000000000000000/original"


def test_a_copy_is_kept_under_its_key_its_digest_and_the_moment():
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    key = quarantine_key(KEY, "sha256:" + "0123456789abcdef" * 4, moment)

    assert key == f"_shoebox/quarantine/{KEY}/0123456789abcdef-20260102T030405Z"


def test_the_key_of_a_copy_says_whose_it_is_and_when_it_was_found():
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    copy = quarantine_parse(quarantine_key(KEY, "sha256:" + "0123456789abcdef" * 4, moment))

    assert copy == QuarantinedCopy("p000abc00000000000000000", moment)


@pytest.mark.parametrize(
    "key", ["readme", f"{KEY}/found", f"{KEY}/found-yesterday", f"{KEY}/found-20260102T030405"]
)
def test_other_keys_say_nothing(key):
    assert quarantine_parse(f"_shoebox/quarantine/{key}") is None


def test_the_bytes_that_were_found_can_be_read_in_quarantine(store):
    store.put(KEY, b"found", label=Label(bytes_digest(b"found"), "image/jpeg"))

    aside = quarantine_copy(store, KEY)

    with store.open(aside) as blob:
        assert (blob.read(), blob.stat.label.digest) == (b"found", bytes_digest(b"found"))
    assert store.stat(KEY) is not None


def test_nothing_is_kept_of_what_is_not_there(store):
    assert quarantine_copy(store, f"{KEY}-absent") is None
