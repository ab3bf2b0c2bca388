import json

import pytest

from webapp.core.presets import PRESETS
from workers.imaging.errors import (
    ChildKilledError,
    CodecMissingError,
    LimitHitError,
    NotDecodableError,
)
from workers.imaging.messages import (
    BLOBS_BYTES_MAX,
    pack_failure,
    pack_job,
    pack_rendered,
    unpack_failure,
    unpack_job,
    unpack_rendered,
)
from workers.imaging.model import Picture, Rendered, Rendition

RENDERED = Rendered(
    Picture(
        format="JPEG",
        width=40,
        height=30,
        frames=1,
        transparent=False,
        placeholder="IQgKBID4h4iIh4iPdngAAAAAAA==",
        colour="#a1a1a1",
    ),
    {"w320.webp": Rendition(b"webp", "image/webp", 40, 30)},
)


def over_the_wire(message):
    return json.loads(json.dumps(message))


def unpacked(message):
    return unpack_rendered(message, presets=PRESETS, receive_bytes=lambda count: b"webp"[:count])


def test_a_job_arrives_as_it_was_sent():
    assert unpack_job(over_the_wire(pack_job(PRESETS))) == PRESETS


def test_renditions_arrive_as_they_were_sent():
    assert unpacked(over_the_wire(pack_rendered(RENDERED, last=False))) == RENDERED


@pytest.mark.parametrize(
    "rendition",
    [
        ("../../etc/passwd", 1, 1, 4),
        ("w9999.webp", 1, 1, 4),
        ("w320.html", 1, 1, 4),
        ("w320.webp", 1, 1, -1),
        ("w320.webp", 1, 1, BLOBS_BYTES_MAX + 1),
        ("w320.webp", 1, 1, "many"),
        ("w320.webp",),
    ],
)
def test_a_lying_child_is_not_believed(rendition):
    message = pack_rendered(RENDERED, last=False) | {"renditions": [rendition]}
    with pytest.raises((ValueError, TypeError, KeyError)):
        unpacked(over_the_wire(message))


@pytest.mark.parametrize(
    "look",
    [
        {"placeholder": "<script>alert(1)</script>"},
        {"placeholder": "A" * 99},
        {"placeholder": ""},
        {"colour": "red; background: url(//example.org)"},
        {"colour": ["#a1a1a1"]},
    ],
)
def test_a_look_that_is_none_is_not_believed(look):
    message = pack_rendered(RENDERED, last=False)
    message["picture"] |= look
    with pytest.raises((ValueError, TypeError)):
        unpacked(over_the_wire(message))


@pytest.mark.parametrize(
    ("raised", "expected", "code"),
    [
        (NotDecodableError("truncated", "x"), NotDecodableError, "truncated"),
        (CodecMissingError("AVIF"), CodecMissingError, "codec-missing"),
        (MemoryError(), LimitHitError, "limit-memory"),
        (ZeroDivisionError("a mistake of ours"), ChildKilledError, "child-killed"),
    ],
)
def test_a_failure_becomes_its_error_again(raised, expected, code):
    error = unpack_failure(over_the_wire(pack_failure(raised)))
    assert type(error) is expected
    assert error.code == code
