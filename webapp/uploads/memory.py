"""Memory that bodies wait in before they are written: bounded for each, and for all together."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

BUFFER_BYTES: Final = 64 * 1024
"""Of one body, while there are few: every write costs a hop to a thread."""
LEAST_BYTES: Final = 4 * 1024
TOGETHER_BYTES: Final = 4 * 1024 * 1024


class BufferRoom:
    """Shares room for buffers between the bodies that are arriving in this process.

    Args:
        together: Bytes for all.
    """

    def __init__(self, *, together: int = TOGETHER_BYTES) -> None:
        self._together = together
        self._bodies = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Count one more body while it arrives."""
        self._bodies += 1
        try:
            yield
        finally:
            self._bodies -= 1

    @property
    def each(self) -> int:
        """Bytes one body may let wait now; one that holds more is to be written."""
        return max(LEAST_BYTES, min(BUFFER_BYTES, self._together // max(1, self._bodies)))


def memory_trim() -> None:
    """Give memory that lies free back to the system; elsewhere than on glibc nothing happens."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


buffer_room = BufferRoom()
"""Of this process; used on the event loop only."""
