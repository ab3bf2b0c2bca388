"""What the answers of S3 stores mean."""

import pytest

from webapp.core.errors import ShardFullError
from webapp.storage.s3_errors import Refusals, StoreRefusedError, refusal


def make(code: str, status: int, message: str = "words"):
    return refusal("a", code=code, status=status, message=message)


def test_only_no_such_key_is_an_absence():
    absent = {code for code in ("NoSuchKey", "NoSuchBucket", "404", "") if make(code, 404).absent}
    assert absent == {"NoSuchKey"}


FULL = [
    ("", 507, ""),
    ("QuotaExceeded", 403, ""),
    ("XMinioStorageFull", 507, ""),
    ("XMinioAdminBucketQuotaExceeded", 400, ""),
    ("StorageCapExceeded", 403, ""),
    ("InsufficientStorageSpace", 409, ""),
    ("Forbidden", 403, "Bucket size quota is reached, maximum total size of objects: 1"),
    ("InternalError", 500, "No writable volumes and no free volumes left"),
    ("InternalError", 500, "write failed: no space left on device"),
]
NOT_FULL = [
    ("InternalError", 500, "We encountered an internal error, please try again."),
    ("SlowDown", 503, "request quota exceeded"),
    ("TooManyRequests", 429, "quota exceeded"),
    ("AccessDenied", 403, ""),
]


@pytest.mark.parametrize("told", FULL)
def test_no_room_is_full(told):
    assert isinstance(make(*told), ShardFullError)


@pytest.mark.parametrize("told", NOT_FULL)
def test_what_may_be_something_else_is_not_full(told):
    assert isinstance(make(*told), StoreRefusedError)


def full_after(refusals, clock, *, seconds):
    """Refuse a blob again and again over some seconds; tell whether that is full at the end."""
    answers = []
    for step in range(Refusals.IN_A_ROW):
        clock[0] = seconds * step / (Refusals.IN_A_ROW - 1)
        answers.append(refusals.refused(make("InternalError", 500)))
    return answers


def test_a_store_that_refuses_every_blob_for_a_while_is_full():
    clock = [0.0]
    answers = full_after(Refusals(lambda: clock[0]), clock, seconds=Refusals.SECONDS)
    assert answers == [False] * (Refusals.IN_A_ROW - 1) + [True]


def test_a_burst_of_refusals_is_not_full():
    clock = [0.0]
    assert not any(full_after(Refusals(lambda: clock[0]), clock, seconds=1.0))


def test_a_blob_that_is_accepted_ends_the_count():
    clock = [0.0]
    refusals = Refusals(lambda: clock[0])
    full_after(refusals, clock, seconds=Refusals.SECONDS)
    refusals.accepted()
    assert not refusals.refused(make("InternalError", 500))


def test_a_refusal_tells_the_stores_words():
    assert "403 AccessDenied: words" in str(make("AccessDenied", 403))


def test_a_refused_checksum_is_about_the_bytes():
    assert make("BadDigest", 400).wrong_bytes
    assert not make("AccessDenied", 403).wrong_bytes


def test_a_refusal_says_nothing_about_the_blob_unless_asked():
    assert isinstance(make("InternalError", 500), StoreRefusedError)
