"""What tus headers say, and what is refused."""

import base64
import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import MalformedRequestError, TooLargeError, UnsupportedTypeError
from webapp.core.ids import Kind
from webapp.uploads.tus.errors import UnsupportedVersionError, WrongContentTypeError
from webapp.uploads.tus.headers import (
    ALGORITHMS,
    MAX_METADATA_LENGTH,
    Checksum,
    body_announced,
    checksum_read,
    content_type_check,
    details_of,
    has_body,
    length_read,
    metadata_read,
    method_of,
    offset_read,
    version_check,
)

NOT_NUMBERS = ("", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "²", "\uff11", "9" * 33)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def test_our_version_is_spoken():
    version_check({"tus-resumable": "1.0.0"})


@pytest.mark.parametrize("headers", [{}, {"tus-resumable": "0.2.2"}, {"tus-resumable": "1.0"}])
def test_another_version_is_refused(headers):
    with pytest.raises(UnsupportedVersionError):
        version_check(headers)


@pytest.mark.parametrize("wanted", ["PATCH", "DELETE", "HEAD", "patch"])
def test_a_post_may_stand_for_another_method(wanted):
    assert method_of("POST", {"x-http-method-override": wanted}) == wanted.upper()


@pytest.mark.parametrize("sent", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_method_never_stands_for_an_unsafe_one(sent):
    assert method_of(sent, {"x-http-method-override": "DELETE"}) == sent


def test_a_post_stands_for_no_method_of_others():
    assert method_of("POST", {"x-http-method-override": "TRACE"}) == "POST"


def test_the_length_may_be_the_limit():
    assert length_read({"upload-length": "100"}, limit=100) == 100


def test_a_length_over_the_limit_is_refused_with_both():
    with pytest.raises(TooLargeError) as refused:
        length_read({"upload-length": "101"}, limit=100)
    assert refused.value.extra == {"bytes": 101, "limit": 100}


@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_a_length_that_is_no_number_is_refused(value):
    with pytest.raises(MalformedRequestError, match="Upload-Length"):
        length_read({"upload-length": value}, limit=100)


def test_a_missing_length_is_refused():
    with pytest.raises(MalformedRequestError):
        length_read({}, limit=100)


def test_a_length_to_be_said_later_is_refused_by_name():
    with pytest.raises(MalformedRequestError, match="Upload-Defer-Length"):
        length_read({"upload-defer-length": "1"}, limit=100)


def test_an_upload_without_bytes_is_no_picture():
    with pytest.raises(UnsupportedTypeError):
        length_read({"upload-length": "0"}, limit=100)


@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_an_offset_that_is_no_number_is_refused(value):
    with pytest.raises(MalformedRequestError, match="Upload-Offset"):
        offset_read({"upload-offset": value})


@pytest.mark.parametrize(
    ("headers", "announced"),
    [
        ({}, 0),
        ({"content-length": "0"}, 0),
        ({"content-length": "7"}, 7),
        ({"transfer-encoding": "chunked"}, None),
    ],
)
def test_how_much_body_follows_is_told_by_the_headers(headers, announced):
    assert body_announced(headers) == announced


@pytest.mark.parametrize(
    ("headers", "follows"),
    [
        ({}, False),
        ({"content-length": "0", "content-type": "application/json"}, False),
        ({"content-length": "1"}, True),
        ({"content-type": "application/offset+octet-stream"}, True),
    ],
)
def test_bytes_follow_where_they_are_announced_in_some_way(headers, follows):
    assert has_body(headers) is follows


@pytest.mark.parametrize(
    "value", ["application/offset+octet-stream", "Application/Offset+Octet-Stream; charset=x"]
)
def test_the_bytes_of_an_upload_have_their_type(value):
    content_type_check({"content-type": value})


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/octet-stream"}])
def test_another_type_is_refused(headers):
    with pytest.raises(WrongContentTypeError):
        content_type_check(headers)


def test_no_checksum_is_none():
    assert checksum_read({}) is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_is_read(algorithm):
    digest = hashlib.new(algorithm, b"bytes").digest()
    value = f"{algorithm} {base64.b64encode(digest).decode()}"
    assert checksum_read({"upload-checksum": value}) == Checksum(algorithm, digest)


@pytest.mark.parametrize(
    "value",
    ["", "sha1", "sha1 ", "crc32 AAAAAA==", "SHA1 x", "sha1 not base64!", "sha1 AAAA", "sha256 é"],
)
def test_a_checksum_that_cannot_be_checked_is_refused(value):
    with pytest.raises(MalformedRequestError, match="Upload-Checksum"):
        checksum_read({"upload-checksum": value})


def test_metadata_is_read_by_key():
    value = f"filename {encoded('Meer, früh.jpg')},is_confidential, title {encoded('Sea')}"
    expected = {"filename": "Meer, früh.jpg", "is_confidential": "", "title": "Sea"}
    assert metadata_read(value) == expected


@pytest.mark.parametrize("value", ["", " "])
def test_no_metadata_is_empty(value):
    assert metadata_read(value) == {}


@pytest.mark.parametrize(
    "value",
    [",", "a YQ==,", "a YQ==,a YQ==", "a not base64", "a YQ", "a YQ== YQ==", "é YQ==", " ,a YQ=="],
)
def test_metadata_that_cannot_be_read_is_refused(value):
    with pytest.raises(MalformedRequestError, match="Upload-Metadata"):
        metadata_read(value)


def test_metadata_that_is_too_long_is_refused():
    with pytest.raises(MalformedRequestError, match=str(MAX_METADATA_LENGTH)):
        metadata_read("a" * (MAX_METADATA_LENGTH + 1))


def test_bytes_of_metadata_that_are_not_text_are_replaced():
    assert metadata_read("a /w==") == {"a": "\ufffd"}


@given(st.text(st.characters(max_codepoint=255)))
def test_any_metadata_is_read_or_refused(value):
    with contextlib.suppress(MalformedRequestError):
        assert all(isinstance(text, str) for text in metadata_read(value).values())


def test_what_is_said_of_the_picture_is_cleaned():
    value = ",".join(
        f"{key} {encoded(text)}"
        for key, text in {
            "filename": "../../etc/a\0.jpg",
            "filetype": "text/html",
            "title": " Sea\u202e ",
            "album": "2026",
            "kind": "s",
        }.items()
    )
    found = details_of(value)
    assert (found.filename, found.title, found.album, found.kind) == (
        "a.jpg",
        "Sea",
        "2026",
        Kind.SIGNED,
    )


def test_a_kind_that_does_not_exist_is_refused():
    with pytest.raises(MalformedRequestError, match="kind"):
        details_of(f"kind {encoded('secret')}")
