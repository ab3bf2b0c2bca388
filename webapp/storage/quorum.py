"""The upload path's parallel write: durable on W positions, as fast as the shards allow."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from webapp.core.errors import ShardsUnavailableError
from webapp.core.label import Label
from webapp.core.shards import ShardSpec
from webapp.storage.base import BlobStore, Source
from webapp.storage.breaker import Breakers
from webapp.storage.race import Placed, Race
from webapp.storage.source import source_size

__all__ = ["Placed", "QuorumMissedError", "QuorumWrite", "quorum_write", "slow_seconds"]

SLOW_AFTER_SECONDS = 1.0
SLOW_BYTES_PER_SECOND = 16 * 1024 * 1024
DEADLINE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class QuorumWrite:
    """A write that W positions accepted.

    Args:
        placed: Who accepted, in the order of acceptance; at least W.
        finished: Set when no PUT reads the source any more; until then it must stay.
        late: Shards whose PUT goes on, and may still place a copy.
    """

    placed: tuple[Placed, ...]
    finished: threading.Event
    late: frozenset[str] = frozenset()


class QuorumMissedError(ShardsUnavailableError):
    """Fewer than W positions accepted. Another placement, or a later time, may do better.

    Args:
        placed: Who accepted all the same; the caller removes those copies unless the key was
            there before.
        finished: As in QuorumWrite.
        late: As in QuorumWrite.
    """

    def __init__(
        self,
        detail: str,
        /,
        *,
        placed: tuple[Placed, ...],
        finished: threading.Event,
        late: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(detail)
        self.placed = placed
        self.finished = finished
        self.late = late


def quorum_write(
    *,
    stores: Sequence[tuple[ShardSpec, BlobStore]],
    key: str,
    source: Source,
    label: Label,
    wanted: int,
    quorum: int,
    executor: Executor,
    slow_after: float = SLOW_AFTER_SECONDS,
    deadline: float = DEADLINE_SECONDS,
    breakers: Breakers | None = None,
    on_finished: Callable[[], None] | None = None,
) -> QuorumWrite:
    """Write a blob to the best positions in parallel until ``quorum`` of them accepted.

    ``wanted`` PUTs start at once. A failure brings in the next position, one in a zone that
    has none yet before others; so does a position slower than ``slow_after``, which goes on
    by itself and still counts when it accepts. Once the quorum accepted no PUT is started,
    and those under way get as long again as the quorum took, ``slow_after`` at most: where
    all shards are well the answer names all copies and costs next to nothing more, where one
    is slow nobody waits for it. Positions with an open breaker are used only where the quorum
    cannot be had otherwise.

    Args:
        stores: Positions in write order.
        key: Where to.
        source: Must stay readable until ``finished``, also after an error.
        label: Its digest is compared with the bytes.
        wanted: R, the copies to aim at; at least ``quorum`` are aimed at.
        quorum: W, the copies without which there is no success.
        executor: Runs the PUTs; its threads are what bounds the writes of this process.
        slow_after: Seconds; a large source has as many more as its size takes at 16 MiB/s.
        deadline: Seconds after which the quorum counts as missed.
        breakers: Told of every failure and success, shared by all writes of the process.
        on_finished: Called once, on any thread, when ``finished`` is set.

    Raises:
        QuorumMissedError: Fewer than ``quorum`` positions accepted in time.
        DigestMismatchError: The source does not have the label's digest.
    """
    race = Race(
        positions=stores,
        put=lambda store: store.put(key, source, label=label),
        wanted=max(wanted, quorum),
        quorum=quorum,
        executor=executor,
        slow_after=slow_seconds(slow_after=slow_after, size=source_size(source)),
        deadline=deadline,
        breakers=breakers or Breakers(),
        on_finished=on_finished,
    )
    placed = race.run()
    if len(placed) >= quorum:
        return QuorumWrite(placed, race.finished, race.late)
    raise QuorumMissedError(
        f"{len(placed)} of the {quorum} shards needed accepted the image.",
        placed=placed,
        finished=race.finished,
        late=race.late,
    )


def slow_seconds(*, slow_after: float, size: int) -> float:
    """Return after how many seconds a PUT of ``size`` bytes is slow."""
    return slow_after + size / SLOW_BYTES_PER_SECOND
