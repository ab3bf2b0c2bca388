"""Routes: whom to ask for a blob, in which order, and what may come of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from webapp.storage.aio.guarded import GuardedReader
from webapp.storage.aio.pace import HedgeBudget

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Route:
    """Whom to ask, in which order.

    Args:
        readers: Of the positions that may be read, best first.
        in_order: How many are asked one after the other; the rest at the same time.
        silent: Positions that cannot be asked at all: down, dead, unknown.
        quorum: W: with so many silent positions a copy may hide.
        patience: Seconds for one position, so that one that hangs leaves time for others.
        seen: Called with the shard, ``found``, ``absent``, ``silent``, ``bad`` or ``outrun``,
            and the seconds it took.
        budget: Bounds second reads while all is well.
    """

    readers: Sequence[GuardedReader]
    in_order: int
    silent: int
    quorum: int
    patience: float
    seen: Callable[[str, str, float], object]
    budget: HedgeBudget = field(default_factory=HedgeBudget)


class Miss(Enum):
    """Why a position gave nothing."""

    ABSENT = "absent"
    SILENT = "silent"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Got(Generic[T]):
    """What a position gave."""

    value: T
    reader: GuardedReader
