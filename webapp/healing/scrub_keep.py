"""Keeping what a scrub found: in the index, so that any process may go on; or in memory."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.db import transaction
from django.utils import timezone

from webapp.healing.findings import Finding
from webapp.healing.models import Finding as FindingRow
from webapp.healing.models import HealingRun, ShardReport

VERB = "scrub"
SAVE_SECONDS = 2.0
KEPT_PER_CODE = 1000
"""So many findings of a code on a shard are kept in words; the counts go on."""
KEPT_RUNS = 3

Amounts = dict[str, tuple[int, int]]
"""Shard → blobs and bytes read."""


@dataclass(slots=True)
class ShardSum:
    """What was read and found on one shard."""

    blobs: int = 0
    bytes: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    healed: int = 0

    @property
    def open(self) -> int:
        """Findings that are still so."""
        return sum(self.counts.values()) - self.healed


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and whether it is no more."""

    finding: Finding
    healed: bool


class Keeper(Protocol):
    """Where a scrub keeps how far it is and what it found."""

    cursor: str
    """Last partition finished; empty at the beginning."""
    sums: dict[str, ShardSum]
    """By shard; what is about no shard alone is under the empty name."""

    def add(self, partition: str, read: Amounts, found: Sequence[Judged]) -> None:
        """Keep what a finished partition showed: shard → blobs and bytes read, and findings."""
        ...

    def finish(self) -> None:
        """Say that the walk is at its end."""
        ...


def sums_add(sums: dict[str, ShardSum], read: Amounts, found: Iterable[Judged]) -> None:
    """Add what a partition showed to the sums."""
    for shard, (blobs, size) in read.items():
        known = sums.setdefault(shard, ShardSum())
        known.blobs += blobs
        known.bytes += size
    for judged in found:
        known = sums.setdefault(judged.finding.shard, ShardSum())
        known.counts[judged.finding.code.value] += 1
        known.healed += judged.healed


class MemoryKeeper:
    """For a scrub without the index: gone with the process."""

    def __init__(self, *, after: str = "") -> None:
        self.cursor = after
        self.sums: dict[str, ShardSum] = {}
        self.findings: list[Judged] = []

    def add(self, partition: str, read: Amounts, found: Sequence[Judged]) -> None:
        """Keep what a finished partition showed."""
        sums_add(self.sums, read, found)
        self.findings += found
        self.cursor = partition

    def finish(self) -> None:
        """Do nothing: there is nothing to go on with."""


class IndexKeeper:
    """In the index: cursor, counts and findings move in one transaction.

    So a scrub that is killed counts nothing twice and forgets nothing.

    Args:
        scope: What is walked; an unfinished run of the same scope is gone on with.
        again: Begin anew instead.
    """

    def __init__(self, scope: str, *, again: bool = False) -> None:
        runs = HealingRun.objects.filter(verb=VERB, scope=scope)
        if again:
            runs.filter(finished_at=None).update(finished_at=timezone.now())
        found = runs.filter(finished_at=None).order_by("id").last()
        self.run = found or _begin(scope)
        self.cursor = self.run.cursor
        self.sums = {
            row.shard: ShardSum(row.blobs, row.bytes, Counter(row.counts), row.healed)
            for row in self.run.reports.all()
        }
        self._read: Amounts = {}
        self._found: list[Judged] = []
        self._saved_at = time.monotonic()

    def add(self, partition: str, read: Amounts, found: Sequence[Judged]) -> None:
        """Keep what a finished partition showed; saved at least every two seconds."""
        sums_add(self.sums, read, found)
        self._found += found
        self.cursor = partition
        if found or time.monotonic() - self._saved_at >= SAVE_SECONDS:
            self.save()

    def finish(self) -> None:
        """Say that the walk is at its end."""
        self.run.finished_at = timezone.now()
        self.save()

    def save(self) -> None:
        """Save cursor, sums and findings together."""
        self.run.cursor = self.cursor
        self.run.counts = dict(sum((s.counts for s in self.sums.values()), Counter()))
        with transaction.atomic():
            self.run.save()
            for shard, known in self.sums.items():
                ShardReport.objects.update_or_create(
                    run=self.run,
                    shard=shard,
                    defaults={
                        "blobs": known.blobs,
                        "bytes": known.bytes,
                        "counts": dict(known.counts),
                        "healed": known.healed,
                    },
                )
            FindingRow.objects.bulk_create(self._rows())
        self._found = []
        self._saved_at = time.monotonic()

    def _rows(self) -> list[FindingRow]:
        # What is counted beyond the limit was counted with this batch or before it.
        return [
            FindingRow(
                run=self.run,
                shard=item.finding.shard,
                code=item.finding.code.value,
                image_id=item.finding.image_id,
                blob=item.finding.blob[:32],
                detail=item.finding.detail[:200],
                healed=item.healed,
            )
            for item in self._found
            if self.sums[item.finding.shard].counts[item.finding.code.value] <= KEPT_PER_CODE
        ]


def _begin(scope: str) -> HealingRun:
    """Begin a run, and forget all but the last few of its scope."""
    old = HealingRun.objects.filter(verb=VERB, scope=scope).order_by("-id")
    HealingRun.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[KEPT_RUNS - 1 :])
    ).delete()
    return HealingRun.objects.create(verb=VERB, scope=scope)
