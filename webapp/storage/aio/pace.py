"""Pace: how quickly a shard answers, and whether others had better be asked first.

Source: the circuit breaker of M. Nygard, "Release It!", 2007; hedged requests of Dean and
Barroso, "The tail at scale", CACM 2013.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

STRIKES_TO_OPEN: Final = 3
OPEN_SECONDS: Final = 2.0
MOST_OPEN_SECONDS: Final = 60.0
SLOW_PROBE_SECONDS: Final = 0.25
"""A shard whose own identity takes longer to read is not well yet."""
QUICKEST_HEDGE: Final = 0.02
"""Below this a late answer is our own scheduling, not the shard."""
UNKNOWN_HEDGE: Final = 0.1
_WINDOW: Final = 128
_FEW: Final = 16


class Pace:
    """The pace of one shard, and its breaker.

    Three reads in a row that another shard outran, or whose bytes were wrong, open the breaker:
    the shard is asked last, never left out, since it may have what nobody else has. Only a probe
    in the background closes it again, and then one more strike is enough to open it for longer.

    Args:
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._took: deque[float] = deque(maxlen=_WINDOW)
        self._seen = 0
        self._strikes = 0
        self._open_until: float | None = None
        self._wait = OPEN_SECONDS
        self.hedge_after = UNKNOWN_HEDGE
        """Seconds after which to ask another shard too: the running 95th percentile."""

    @property
    def open(self) -> bool:
        """Whether the shard should be asked last."""
        return self._open_until is not None

    @property
    def suspect(self) -> bool:
        """Whether it failed of late, so that a second read needs no budget."""
        return self._strikes > 0

    def answered(self, seconds: float) -> None:
        """Note a read that ended well, found or absent."""
        self._took.append(seconds)
        self._seen += 1
        if self._seen % _FEW == 0:
            ordered = sorted(self._took)
            self.hedge_after = max(QUICKEST_HEDGE, ordered[int(len(ordered) * 0.95)])
        if not self.open:
            if self._seen % _WINDOW == 0:
                self._wait = OPEN_SECONDS
            self._strikes = 0

    def strike(self) -> None:
        """Note a read that another shard outran, or that gave wrong bytes."""
        self._strikes += 1
        if self._strikes >= STRIKES_TO_OPEN and not self.open:
            self._open_until = self._clock() + self._wait
            self._wait = min(self._wait * 2, MOST_OPEN_SECONDS)

    def probed(self, seconds: float) -> None:
        """Note that the shard showed its identity; called by whoever checks in the background."""
        if self._open_until is None or self._clock() < self._open_until:
            return
        if seconds <= SLOW_PROBE_SECONDS:
            self._open_until = None
            self._strikes = STRIKES_TO_OPEN - 1


class HedgeBudget:
    """Bounds second reads to a part of the first ones.

    Args:
        part: Second reads per first read.
        most: Second reads that may be saved up; there from the start.
    """

    def __init__(self, *, part: float = 0.05, most: float = 10.0) -> None:
        self.spent = 0
        """Second reads so far."""
        self._part = part
        self._most = most
        self._left = most

    def earn(self) -> None:
        """Note a first read."""
        self._left = min(self._left + self._part, self._most)

    def allows(self, pace: Pace) -> bool:
        """Return whether to read a second time, and count it; always for a suspect shard."""
        if not pace.suspect:
            if self._left < 1:
                return False
            self._left -= 1
        self.spent += 1
        return True
