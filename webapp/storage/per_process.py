"""Values that must not cross a fork: connections, clients, event loops."""

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value that every process makes for itself, on first use, once.

    Args:
        make: Returns a new value.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: dict[int, T] = {}
        # By process as well: a lock that another thread held at the fork stays held for ever.
        self._locks: dict[int, threading.Lock] = {}

    def get(self) -> T:
        """Return this process's value."""
        pid = os.getpid()
        if pid not in self._values:
            with self._locks.setdefault(pid, threading.Lock()):
                if pid not in self._values:
                    self._values[pid] = self._make()
        return self._values[pid]
