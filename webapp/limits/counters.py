"""Counting requests: in the memory of this process, or shared where there is Redis or Valkey.

What is shared may be lost at any moment, and whoever calls never notices: each process then
counts for itself, and asks again a little later.
"""

import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

log = structlog.get_logger(__name__)

AWAY_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 0.25
_PREFIX: Final = "shoebox-limits"
_Question = Callable[[SlidingWindowCounterRateLimiter, RateLimitItem, str], Awaitable[int]]


class Counters:
    """Counts per limit and caller, in a window that slides.

    Args:
        shared_url: ``redis://…`` or ``valkey://…``; empty: this process counts alone.
    """

    def __init__(self, *, shared_url: str = "") -> None:
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = _open(shared_url) if shared_url else None
        self._away_until = -math.inf

    async def hit(self, rate: RateLimitItem, caller: str) -> int:
        """Count a request; return 0, or the seconds to wait when it is one too many.

        What is refused is not counted: who waits for as long as told gets through.
        """
        return await self._ask(_hit, rate, caller)

    async def wait(self, rate: RateLimitItem, caller: str) -> int:
        """Return what ``hit`` would, and count nothing."""
        return await self._ask(_wait, rate, caller)

    async def _ask(self, question: _Question, rate: RateLimitItem, caller: str) -> int:
        if self._shared and time.monotonic() > self._away_until:
            try:
                return await question(self._shared, rate, caller)
            except Exception as error:  # noqa: BLE001 - whatever it is, uploads go on
                self._away_until = time.monotonic() + AWAY_SECONDS
                log.warning("shared counters away", error=str(error))
        return await question(self._own, rate, caller)


async def _hit(limiter: SlidingWindowCounterRateLimiter, rate: RateLimitItem, caller: str) -> int:
    return 0 if await limiter.hit(rate, caller) else await _left(limiter, rate, caller)


async def _wait(limiter: SlidingWindowCounterRateLimiter, rate: RateLimitItem, caller: str) -> int:
    return 0 if await limiter.test(rate, caller) else await _left(limiter, rate, caller)


async def _left(limiter: SlidingWindowCounterRateLimiter, rate: RateLimitItem, caller: str) -> int:
    stats = await limiter.get_window_stats(rate, caller)
    wait = math.ceil(stats.reset_time - time.time())
    return min(max(1, wait), rate.get_expiry())


def _open(url: str) -> SlidingWindowCounterRateLimiter:
    # Valkey speaks the same protocol; the client we have knows one name for it.
    storage = RedisStorage(
        f"async+{url.replace('valkey', 'redis', 1)}",
        implementation="redispy",
        key_prefix=_PREFIX,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
    )
    return SlidingWindowCounterRateLimiter(storage)
