import json
from datetime import UTC, datetime

import pytest

from webapp.core.ids import Kind, id_make
from webapp.outbox.message import EventMessage, message_parse
from webapp.outbox.tasks import Event

IMAGE_ID = str(id_make(kind=Kind.PUBLIC, version=1))
GOOD = {"id": IMAGE_ID, "event": "image.ready", "at": "2026-11-22T10:00:00+00:00"}


def parse(message_id="m1", **changes):
    return message_parse(json.dumps({**GOOD, **changes}).encode(), message_id=message_id)


def test_event_is_read_as_the_relay_writes_it():
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)

    assert parse() == EventMessage(message_id="m1", event=Event.READY, image_id=IMAGE_ID, at=at)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": "no image"},
        {"id": ["a"]},
        {"event": "image.sold"},
        {"event": 3},
        {"at": "yesterday"},
        {"at": "2026-11-22T10:00:00"},
        {"message_id": None},
        {"message_id": ""},
        {"message_id": "m" * 256},
        {"message_id": "m\x00"},
    ],
)
def test_what_is_no_event_is_a_value_error(changes):
    with pytest.raises(ValueError):  # noqa: PT011 - what is promised
        parse(**changes)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b"\xff", b'"text"'])
def test_body_that_is_no_event_is_a_value_error(body):
    with pytest.raises(ValueError):  # noqa: PT011 - what is promised
        message_parse(body, message_id="m1")
