"""Breakers: remember for a while which shards do not answer, so that nobody waits for them.

Source: the circuit breaker of M. Nygard, "Release It!", 2007.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

FAILURES_TO_OPEN = 3
OPEN_SECONDS = 10.0


@dataclass(slots=True)
class _Record:
    failures: int = 0
    shut_until: float = 0.0
    expected: list[float] = field(default_factory=list)


class Breakers:
    """One breaker per shard of this process, by the shard's name. Safe between threads.

    Closed: every call is allowed. After ``failures`` in a row it is open and allows none for
    ``open_seconds``; then half-open: one caller per ``open_seconds`` may try, and its success
    closes it again.

    Args:
        failures: Failures in a row that open it, at least 1.
        open_seconds: How long nobody tries.
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(
        self,
        *,
        failures: int = FAILURES_TO_OPEN,
        open_seconds: float = OPEN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._records: dict[str, _Record] = {}
        self._lock = threading.Lock()

    def allows(self, name: str) -> bool:
        """Return whether to call the shard now; True of a half-open one is for this caller."""
        with self._lock:
            record = self._records.get(name)
            if record is None:
                return True
            now = self._clock()
            self._count_overdue(record, now)
            if record.failures < self._failures:
                return True
            if now < record.shut_until:
                return False
            record.shut_until = now + self._open_seconds
            return True

    def succeeded(self, name: str) -> None:
        """Close the breaker: the shard answered."""
        with self._lock:
            record = self._records.get(name)
            if record is not None:
                record.failures = 0

    def failed(self, name: str) -> None:
        """Count a failure; the shard did not answer, or not in time."""
        with self._lock:
            self._count(self._record(name), self._clock())

    def expect(self, name: str, *, by: float) -> None:
        """Count a failure by itself, unless ``answered`` is called before the moment ``by``.

        For calls nobody waits for any more: a shard that hangs is found out while it hangs.
        """
        with self._lock:
            self._record(name).expected.append(by)

    def answered(self, name: str, *, by: float) -> bool:
        """Take back ``expect``; return False when its failure was counted already."""
        with self._lock:
            expected = self._record(name).expected
            if by in expected:
                expected.remove(by)
                return True
            return False

    def open_names(self) -> list[str]:
        """Return the shards nobody would call now, in order; for /readyz and metrics."""
        with self._lock:
            now = self._clock()
            for record in self._records.values():
                self._count_overdue(record, now)
            return sorted(
                name
                for name, record in self._records.items()
                if record.failures >= self._failures and now < record.shut_until
            )

    def _record(self, name: str) -> _Record:
        return self._records.setdefault(name, _Record())

    def _count(self, record: _Record, now: float) -> None:
        record.failures += 1
        record.shut_until = now + self._open_seconds

    def _count_overdue(self, record: _Record, now: float) -> None:
        for by in [by for by in record.expected if by <= now]:
            record.expected.remove(by)
            self._count(record, now)
