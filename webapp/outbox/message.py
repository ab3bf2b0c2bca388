"""An event as it comes from the broker."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.core.errors import MalformedIdError
from webapp.core.ids import id_parse
from webapp.outbox.tasks import Event

MESSAGE_ID_LENGTH = 255


@dataclass(frozen=True, kw_only=True)
class EventMessage:
    """What happened to which image, and the id by which a repeated message is known."""

    message_id: str
    event: Event
    image_id: str
    at: datetime


def message_parse(body: bytes, *, message_id: str | None) -> EventMessage:
    """Return the event a message holds.

    Everything that reaches the index is checked here, so that what fails there is the index.

    Raises:
        ValueError: It holds none, and never will.
    """
    values = json.loads(body)
    if not isinstance(values, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one kind of error for callers
    try:
        image_id = str(id_parse(_text(values, "id")))
    except MalformedIdError as error:
        raise ValueError(error.detail) from None
    return EventMessage(
        message_id=_checked(message_id),
        event=Event(_text(values, "event")),
        image_id=image_id,
        at=_moment(_text(values, "at")),
    )


def _text(values: dict[str, Any], name: str) -> str:
    text = values.get(name)
    if not isinstance(text, str):
        raise ValueError(f"{name} is {text!r}")  # noqa: TRY004 - see above
    return text


def _checked(message_id: str | None) -> str:
    if not message_id or len(message_id) > MESSAGE_ID_LENGTH or not message_id.isprintable():
        raise ValueError(f"message id {message_id!r}")
    return message_id


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment
