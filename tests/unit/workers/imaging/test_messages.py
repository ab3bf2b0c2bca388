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
    Answer,
    pack_failure,
    pack_job,
    pack_rendered,
    pack_rendition,
    unpack_failure,
    unpack_job,
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


def said(picture=None, rendition=None):
    """Return the messages of a child, parts of them as they should not be."""
    ((name, made),) = RENDERED.renditions.items()
    first, last = pack_rendition(name, made), pack_rendered(RENDERED.picture, last=False)
    last["picture"] |= picture or {}
    return [first | ({"rendition": rendition} if rendition else {}), last]


def unpacked(messages, made=lambda *_: None):
    answer = Answer(presets=PRESETS, receive_bytes=lambda count: b"webp"[:count], made=made)
    *renditions, last = over_the_wire(messages)
    for message in renditions:
        answer.add(message)
    return answer.finish(last)


def test_a_job_arrives_as_it_was_sent():
    assert unpack_job(over_the_wire(pack_job(PRESETS))) == PRESETS


def test_renditions_arrive_as_they_were_sent():
    told = {}
    assert unpacked(said(), told.__setitem__) == RENDERED
    assert told == RENDERED.renditions


def test_a_rendition_that_comes_twice_is_not_believed():
    first, last = said()
    with pytest.raises(ValueError, match=r"w320\.webp"):
        unpacked([first, first, last])


def test_a_picture_without_renditions_is_not_believed():
    with pytest.raises(ValueError, match="picture"):
        unpacked(said()[1:])


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
    with pytest.raises((ValueError, TypeError, KeyError)):
        unpacked(said(rendition=rendition))


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
    with pytest.raises((ValueError, TypeError)):
        unpacked(said(picture=look))


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
