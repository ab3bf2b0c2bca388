"""Running a scrub: by hand to its end, or one partition of the perpetual one."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from webapp.cluster.publishing import topology_republish
from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import fleet
from webapp.core.errors import MalformedRequestError, NotFoundError
from webapp.core.ids import PARTITION_COUNT, number_decode
from webapp.healing.adopt_journal import journal_take_over
from webapp.healing.models import HealingRun
from webapp.healing.progress import Progress
from webapp.healing.rebuild_topology import topology_find
from webapp.healing.scrub import Scrub, ScrubPlan
from webapp.healing.scrub_keep import IndexKeeper, Keeper, MemoryKeeper
from webapp.healing.scrub_topology import topology_indexed

CYCLE = "cycle"
"""Scope of the perpetual scrub."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked a scrub to do.

    Args:
        partition: Only this one; empty for all.
        shard: Only this one; empty for all.
        bytes_per_second: 0 for no limit.
        apply: Heal what is found.
        uploads_run: False: somebody made sure that nothing is being uploaded.
        again: Begin anew, also where a killed scrub could be gone on with.
        after: Where to begin when the index cannot say; empty for the beginning.
    """

    partition: str = ""
    shard: str = ""
    bytes_per_second: int = 0
    apply: bool = False
    uploads_run: bool = True
    again: bool = False
    after: str = ""


def plan_make(asked: Asked) -> ScrubPlan:
    """Return the plan for what was asked; without the index it only reports.

    Raises:
        MalformedRequestError: Not a partition, or healing without the index.
        NotFoundError: No such shard, or no signed topology anywhere.
    """
    topology = topology_indexed()
    indexed = topology is not None
    if indexed and asked.apply:
        # An index that was restored from a dump lacks versions and deletions since then.
        topology = topology_republish()
        journal_take_over()
    if topology is None:
        topology = topology_find()
        if asked.apply:
            raise MalformedRequestError(
                "The index does not answer, so nothing may be changed; without --apply the "
                "shards are read and reported on."
            )
    if asked.shard and asked.shard not in topology.shards:
        raise NotFoundError(f"There is no shard {asked.shard!r}.")
    _partition_check(asked.partition)
    return ScrubPlan(
        topology=topology,
        partition=asked.partition,
        shard=asked.shard,
        indexed=indexed,
        apply=asked.apply,
        uploads_run=asked.uploads_run,
        bytes_per_second=asked.bytes_per_second,
    )


def _partition_check(text: str) -> None:
    try:
        number_decode(text or "000")
    except ValueError as error:
        raise MalformedRequestError(f"Not a partition: {error}.") from None


def keeper_make(plan: ScrubPlan, asked: Asked) -> Keeper:
    """Return what keeps the findings: the index where it answers."""
    if not plan.indexed:
        return MemoryKeeper(after=asked.after)
    scope = f"{plan.scope}, healing" if plan.apply else plan.scope
    return IndexKeeper(scope, again=asked.again)


def scrub_run(plan: ScrubPlan, keeper: Keeper) -> None:
    """Walk to the end, with a line of progress; may be killed and gone on with."""
    progress = Progress(f"scrub {plan.scope}", total=len(plan.partitions(keeper.cursor)))
    scrub = Scrub(plan, fleet())
    try:
        scrub.run(keeper, progress)
    finally:
        progress.close()
        scrub.close()


def scrub_next(*, partitions: int = 1) -> list[str]:
    """Scrub and heal the next partitions of the perpetual scrub; return which.

    Does nothing before the next one is due: a cycle over all of them takes
    ``SHOEBOX_SCRUB_CYCLE_DAYS``. Twice is once: the cursor only says where to go on.
    """
    keeper = IndexKeeper(CYCLE)
    if not due(keeper.run):
        return []
    plan = ScrubPlan(
        topology=topology_now(),
        apply=True,
        bytes_per_second=settings.SHOEBOX.scrub_bytes_per_second,
    )
    todo = plan.partitions(keeper.cursor)
    done = [_one(plan, partition, keeper) for partition in todo[:partitions]]
    if len(todo) <= partitions:
        keeper.finish()
    else:
        keeper.save()
    return done


def _one(whole: ScrubPlan, partition: str, keeper: Keeper) -> str:
    plan = ScrubPlan(
        topology=whole.topology,
        partition=partition,
        apply=True,
        bytes_per_second=whole.bytes_per_second,
    )
    scrub = Scrub(plan, fleet())
    try:
        scrub.step(partition, keeper)
    finally:
        scrub.close()
    return partition


def due(run: HealingRun) -> bool:
    """Return whether a perpetual scrub is behind its cycle, and may take the next partition."""
    finished = number_decode(run.cursor) + 1 if run.cursor else 0
    cycle = timedelta(days=settings.SHOEBOX.scrub_cycle_days)
    return timezone.now() >= run.started_at + cycle * finished / PARTITION_COUNT
