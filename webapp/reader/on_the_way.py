"""On the way: how many bytes of memory clients hold by taking their time."""

from collections.abc import Iterator
from contextlib import contextmanager


class OnTheWay:
    """Counts the bodies that are being sent from memory; one that many take counts once.

    Args:
        most: Bytes; while there are as many, larger blobs had better be streamed.
    """

    def __init__(self, most: int) -> None:
        self.bytes = 0
        """Of memory."""
        self._most = most
        self._takers: dict[int, int] = {}

    @property
    def full(self) -> bool:
        """Return whether there are as many bytes as there should be at most."""
        return self.bytes >= self._most

    @contextmanager
    def sending(self, body: bytes | memoryview) -> Iterator[None]:
        """Count a body, or what a part of one keeps in memory, while it is sent."""
        whole = memoryview(memoryview(body).obj)
        key = id(whole.obj)  # nobody else's while we hold it
        takers = self._takers.get(key, 0)
        self._takers[key] = takers + 1
        self.bytes += 0 if takers else whole.nbytes
        try:
            yield
        finally:
            self._takers[key] -= 1
            if not self._takers[key]:
                del self._takers[key]
                self.bytes -= whole.nbytes
