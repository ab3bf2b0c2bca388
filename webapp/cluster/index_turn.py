"""Whose turn it is to write the index where only one can write it: on SQLite."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.db import connection


class Line:
    """A lock that goes to whoever waits longest; not to be taken twice by one thread.

    Threads that wait in SQLite sleep and look again, and the next one to come may be quicker
    each time: of a crowd, one waited until its time-out.
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._taken = False
        self._waiting: deque[Lock] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and have it."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def _enter(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()

    def _leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


_line = Line()


@contextmanager
def index_turn() -> Iterator[None]:
    """Write the index in the order of coming, among the threads of this process.

    For a short transaction, and never inside another turn. Other processes are waited for as
    ever. Costs nothing where the database lets several write.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with _line.turn():
        yield
