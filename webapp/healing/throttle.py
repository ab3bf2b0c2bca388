"""Throttle: work that can wait leaves the disks and the network to work that cannot."""

import time
from collections.abc import Callable

PAUSE_AT_LEAST = 0.001


class Throttle:
    """Spreads bytes and steps over time. For one thread.

    A debt is paid by sleeping after the bytes were moved, so a blob larger than a second's
    worth is moved at full speed and paid for afterwards.

    Args:
        bytes_per_second: 0 for no limit.
        pause: Seconds of rest after each step, 0 for none.
        clock: Seconds, never running backwards; tests bring their own.
        sleep: Waits so many seconds; tests bring their own.
    """

    def __init__(
        self,
        bytes_per_second: int = 0,
        *,
        pause: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bytes_per_second = bytes_per_second
        self._pause = pause
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    def spent(self, count: int) -> None:
        """Wait until ``count`` more bytes are within the rate; time nobody used is not saved."""
        if not self._bytes_per_second:
            return
        now = self._clock()
        self._free_at = max(self._free_at, now) + count / self._bytes_per_second
        self._rest(self._free_at - now)

    def step(self) -> None:
        """Rest after one unit of work."""
        self._rest(self._pause)

    def _rest(self, seconds: float) -> None:
        if seconds >= PAUSE_AT_LEAST:
            self._sleep(seconds)
