"""Bad copies seen by readers: stepped over for a while, counted, logged, and noted for repair."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from cachetools import TTLCache

STEP_OVER_SECONDS: Final = 60.0
MOST: Final = 10_000

log = structlog.get_logger("webapp.reader")


@dataclass(frozen=True, slots=True)
class BadCopy:
    """A copy that is not what its label says, or has none.

    Args:
        shard: Where it lies.
        key: Of the blob.
        reason: ``digest`` or ``label``.
    """

    shard: str
    key: str
    reason: str


class Noted:
    """The bad copies this process has seen.

    A copy is looked at again after a while, since repair replaces it in place.

    Args:
        told: Called for every sighting.
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(
        self,
        told: Callable[[BadCopy], object] = lambda _: None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._told = told
        self._seen: TTLCache[tuple[str, str], BadCopy] = TTLCache(
            MOST, STEP_OVER_SECONDS, timer=clock
        )
        self.any = False
        """Whether a copy was ever noted: asking then costs a look at the clock."""

    def note(self, copy: BadCopy) -> None:
        """Remember a bad copy."""
        self._seen[copy.shard, copy.key] = copy
        self.any = True
        self._told(copy)
        log.warning("bad copy", shard=copy.shard, key=copy.key, reason=copy.reason)

    def is_bad(self, shard: str, key: str) -> bool:
        """Return whether the copy was seen bad a short while ago."""
        return (shard, key) in self._seen

    def copies(self) -> list[BadCopy]:
        """Return what was noted of late, oldest first."""
        return list(self._seen.values())
