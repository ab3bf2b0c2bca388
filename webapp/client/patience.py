"""Trying again: as often as it makes sense, and when the server says."""

import random
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from webapp.client.errors import AgainError, StoppedError

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
"""Of our own accord."""
LONGEST_ASKED_SECONDS = 60 * 60.0
"""When the server asks for it; nobody expects a command that is still there the next day."""
Answer = TypeVar("Answer")


class Patience:
    """Tries something until it succeeds, is refused, or was tried often enough.

    Args:
        tries: Most attempts of one step, at least 1.
        stop: Set when a person stopped the command.
        note: Told why there is a pause.
    """

    def __init__(self, *, tries: int, stop: Event, note: Callable[[str], None]) -> None:
        self._tries = tries
        self._stop = stop
        self._note = note

    def run(self, attempt: Callable[[], Answer], *, what: str) -> Answer:
        """Return what ``attempt`` returns, as soon as it does.

        Args:
            attempt: Raises ``AgainError`` when another attempt may help.
            what: Names it in notes.

        Raises:
            AgainError: The last one, after all tries.
            StoppedError: Somebody stopped the command.
            RefusedError: Of ``attempt``.
        """
        for tried in range(1, self._tries):
            try:
                return attempt()
            except AgainError as error:
                self._pause(error, tried, what)
        return attempt()

    def check(self) -> None:
        """Go on only while nobody stopped the command.

        Raises:
            StoppedError: Somebody did.
        """
        if self._stop.is_set():
            raise StoppedError("stopped")

    def wait(self, seconds: float) -> None:
        """Wait for something that takes its time.

        Raises:
            StoppedError: Somebody stopped the command.
        """
        self.check()
        self._stop.wait(seconds)
        self.check()

    def _pause(self, error: AgainError, tried: int, what: str) -> None:
        seconds = _seconds(error, tried)
        said = str(error) if str(error).startswith(what) else f"{what}: {error}"
        asked = ", as the server asks" if seconds > LONGEST_WAIT_SECONDS else ""
        self._note(f"{said} Trying again in {seconds:.0f} s{asked}.")
        self.wait(seconds)


def _seconds(error: AgainError, tried: int) -> float:
    """Return twice as long each time, up to a limit, and not sooner than the server asks for.

    Not alike for everybody: those who were turned away together come back one by one.
    """
    grown: float = FIRST_WAIT_SECONDS * 2 ** (tried - 1)
    spread = grown * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
    own, asked = min(spread, LONGEST_WAIT_SECONDS), min(error.retry_after, LONGEST_ASKED_SECONDS)
    return max(own, asked)
