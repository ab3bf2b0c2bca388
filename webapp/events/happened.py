"""One thing that happened to one image, and how it is said on a stream. Pure.

Source: HTML Living Standard, section 9.2 (server-sent events).
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.outbox.tasks import Event

HEARTBEAT: Final = b":\n\n"
"""A comment: keeps proxies from closing a silent stream, and shows who is gone."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened.

    Args:
        event: Its name.
        image_id: To which image.
        owner_id: Whose it is; nobody else is told.
        at: When, in ISO 8601.
    """

    event: Event
    image_id: str
    owner_id: str
    at: str

    def said(self, event_id: str) -> bytes:
        """Return it as a listener gets it."""
        data = json.dumps({"id": self.image_id, "event": self.event.value, "at": self.at})
        return f"id: {event_id}\nevent: {self.event.value}\ndata: {data}\n\n".encode()


def happened_make(*, event: Event, image_id: str, owner_id: object, at: datetime) -> Happened:
    """Return what happened, from values as the index has them."""
    return Happened(event, image_id, str(owner_id), at.isoformat(timespec="milliseconds"))


def greeting(event_id: str, *, retry_ms: int) -> bytes:
    """Return what a stream begins with: from where it goes on, and when to come back."""
    return f"retry: {retry_ms}\nid: {event_id}\nevent: hello\ndata: {{}}\n\n".encode()


def refresh(event_id: str) -> bytes:
    """Return what says that something may have been missed: look at everything again."""
    return f"id: {event_id}\nevent: refresh\ndata: {{}}\n\n".encode()
