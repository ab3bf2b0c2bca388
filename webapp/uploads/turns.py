"""Whose turn it is to be stored, when more have arrived than can be stored at once.

When thousands of slow clients finish at the same moment, first come first served would let a
small upload wait for all of them. Here an upload may wait for as long again as it took to
arrive: who sent for a minute does not mind another second, who sent at once does. It cannot
starve anybody: a date that lies nearer than that of whoever comes later is reached.

Source: Earliest deadline first, Liu & Layland 1973.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count
from typing import Final

LONGEST_SECONDS: Final = 60.0
"""What is added for having taken long, at most."""
_SMOOTHING: Final = 0.1


class Turns:
    """Lets so many in at a time, and of those who wait whoever is due first.

    Used on the event loop only.

    Args:
        places: How many at a time.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = places
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()
        self._seconds = 0.0

    @asynccontextmanager
    async def turn(self, *, took: float) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Args:
            took: Seconds this one took to arrive.
        """
        await self._wait(time.monotonic() + min(took, LONGEST_SECONDS))
        began = time.monotonic()
        try:
            yield
        finally:
            self._seconds += _SMOOTHING * (time.monotonic() - began - self._seconds)
            self._next()

    async def _wait(self, due: float) -> None:
        if self._free:
            self._free -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (due, next(self._number), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._next()  # it had just been given to us
            raise

    def _next(self) -> None:
        while self._waiting:
            _, _, mine = heappop(self._waiting)
            if not mine.done():
                mine.set_result(None)
                return
        self._free += 1

    def wait_expected(self) -> float:
        """Return how many seconds somebody who arrived at once would wait, as it looks now."""
        now = time.monotonic()
        ahead = sum(due <= now for due, _, _ in self._waiting)
        return ahead * self._seconds / self._places
