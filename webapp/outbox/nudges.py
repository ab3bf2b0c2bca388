"""A nudge for the relay when something waits for it, so that it need not look all the time.

PostgreSQL passes nudges on; elsewhere there are none. They promise nothing: who gets none looks,
as before. Each is a statement after the commit and not a part of it, because PostgreSQL lets those
who notify commit only one after the other, and these are the uploads.

Source: PostgreSQL, "NOTIFY" and "LISTEN".
"""

import select
import time
from typing import Any, Final

import structlog
from django.db import Error, connection

log = structlog.get_logger(__name__)

NUDGE_SECONDS: Final = 0.025
"""A process nudges no more often; a nudged relay looks on for longer than that."""
_CHANNEL: Final = "shoebox_outbox"


class _Nudged:
    at = float("-inf")


def relay_nudge() -> None:
    """Let relays look now; call it once the messages are committed. Never fails."""
    now = time.monotonic()
    if connection.vendor != "postgresql" or now - _Nudged.at < NUDGE_SECONDS:
        return
    _Nudged.at = now
    try:
        _say(f"NOTIFY {_CHANNEL}")
    except Error as error:  # it is committed, and a relay finds it by looking
        log.debug("relay not nudged", error=str(error))


class Nudges:
    """What nudges of others come to the connection of this thread.

    Whether they can be relied on shows by itself: a nudge came with the last message, or none
    did, from an older writer or through something between us and PostgreSQL that keeps them.
    """

    def __init__(self) -> None:
        self._connection: Any = None
        self.last = float("-inf")
        """When one came, by ``time.monotonic``."""

    def wait(self, seconds: float) -> None:
        """Return when one comes, or after ``seconds``.

        It counts as ``last`` once the next question to the index has read it.
        """
        if connection.vendor != "postgresql":
            time.sleep(seconds)
        elif not (heard := self._listening()).closed:  # if it is, the next question says so
            select.select([heard], [], [], seconds)

    def _listening(self) -> Any:
        connection.ensure_connection()
        if self._connection is not connection.connection:
            self._connection = connection.connection
            self._connection.add_notify_handler(self._note)
            _say(f"LISTEN {_CHANNEL}")
        return self._connection

    def _note(self, _nudge: Any) -> None:
        self.last = time.monotonic()


def _say(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
