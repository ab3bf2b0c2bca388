"""What the answers of S3 stores mean."""

import pytest

from webapp.core.errors import ShardFullError
from webapp.storage.s3_errors import StoreRefusedError, refusal


def make(code: str, status: int):
    return refusal("a", code=code, status=status, message="words")


def test_only_no_such_key_is_an_absence():
    absent = {code for code in ("NoSuchKey", "NoSuchBucket", "404", "") if make(code, 404).absent}
    assert absent == {"NoSuchKey"}


@pytest.mark.parametrize(("code", "status"), [("QuotaExceeded", 403), ("", 507)])
def test_no_room_is_full(code, status):
    assert isinstance(make(code, status), ShardFullError)


def test_a_refusal_tells_the_stores_words():
    assert "403 AccessDenied: words" in str(make("AccessDenied", 403))


def test_a_refused_checksum_is_about_the_bytes():
    assert make("BadDigest", 400).wrong_bytes
    assert not make("AccessDenied", 403).wrong_bytes


def test_a_refusal_says_nothing_about_the_blob_unless_asked():
    assert isinstance(make("InternalError", 500), StoreRefusedError)
