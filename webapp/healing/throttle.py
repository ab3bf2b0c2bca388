"""Throttle: work that can wait leaves the disks and the network to work that cannot.

Bytes are what large blobs cost, and requests what small ones cost: to copy 40 KB takes a store
as long as to copy 10, so a limit of bytes alone never rests a repair of renditions.
"""

import threading
import time
from collections.abc import Callable

PAUSE_AT_LEAST = 0.001
WITHIN_SECONDS = 1.0
"""In the middle of an image nobody rests for longer: what was seen of it grows old."""


class Throttle:
    """Spreads bytes, blobs and steps over time, of all threads that share it together.

    A debt is paid by sleeping after the bytes were moved, so a blob larger than a second's
    worth is moved at full speed and paid for afterwards.

    Args:
        bytes_per_second: 0 for no limit.
        blobs_per_second: 0 for no limit.
        pause: Seconds of rest after each step, 0 for none.
        clock: Seconds, never running backwards; tests bring their own.
        sleep: Waits so many seconds; tests bring their own.
    """

    def __init__(
        self,
        bytes_per_second: int = 0,
        blobs_per_second: int = 0,
        *,
        pause: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._byte_seconds = 1 / bytes_per_second if bytes_per_second else 0.0
        self._blob_seconds = 1 / blobs_per_second if blobs_per_second else 0.0
        self._pause = pause
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()
        self._lock = threading.Lock()

    def spent(self, count: int, *, blobs: int = 0) -> None:
        """Wait until more is within both rates; time nobody used is not saved.

        Args:
            count: Bytes.
            blobs: What they were in.
        """
        self._rest(self._owed(count, blobs))

    def blob(self, size: int) -> None:
        """Wait as long as one copy costs that was read or written, for a second at most.

        What is left of it is for ``step``.

        Args:
            size: Bytes.
        """
        self._rest(min(self._owed(size, 1), WITHIN_SECONDS))

    def step(self) -> None:
        """Rest after one unit of work, and for what is still owed."""
        self._rest(self._owed(0, 0) + self._pause)

    def _owed(self, count: int, blobs: int) -> float:
        """Return for how many seconds to rest, with so much more."""
        seconds = max(count * self._byte_seconds, blobs * self._blob_seconds)
        with self._lock:
            now = self._clock()
            self._free_at = max(self._free_at, now) + seconds
            return self._free_at - now

    def _rest(self, seconds: float) -> None:
        if seconds >= PAUSE_AT_LEAST:
            self._sleep(seconds)
