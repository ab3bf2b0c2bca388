"""The scrub: every blob of every shard read again, hashed, and compared with what should be.

One partition at a time, in order, all shards side by side. What differs is looked at twice
before it is a finding, so that work under way is none. Without the index it reports only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from webapp.core.ids import all_partitions, id_parse
from webapp.core.topology import Topology
from webapp.healing.findings import Code, Finding
from webapp.healing.progress import Progress
from webapp.healing.scrub_act import image_heal
from webapp.healing.scrub_images import away, by_image, image_find_out, judge
from webapp.healing.scrub_keep import Judged, Keeper
from webapp.healing.scrub_look import Look, Looker
from webapp.healing.scrub_rows import RowWalks
from webapp.healing.scrub_walk import Listing, ShardWalk, listing
from webapp.healing.throttle import Throttle
from webapp.images.models import Image
from webapp.storage.base import BlobStore
from webapp.storage.fleet import Fleet


@dataclass(frozen=True, slots=True)
class ScrubPlan:
    """What a scrub walks, and what it may do.

    Args:
        topology: What is known of versions and shards.
        partition: Only this one; empty for all.
        shard: Read only this one; empty for all.
        indexed: False: the index cannot be asked; the shards themselves say what should be.
        apply: Repair, adopt and clear up; needs the index.
        uploads_run: False: somebody made sure that nothing is being uploaded.
        bytes_per_second: 0 for no limit.
    """

    topology: Topology
    partition: str = ""
    shard: str = ""
    indexed: bool = True
    apply: bool = False
    uploads_run: bool = True
    bytes_per_second: int = 0

    @property
    def scope(self) -> str:
        """What is walked, in words."""
        if self.partition:
            return f"partition {self.partition}"
        return f"shard {self.shard}" if self.shard else "all"

    def partitions(self, after: str) -> list[str]:
        """Return the partitions to walk, in order, those up to ``after`` left out."""
        every = [self.partition] if self.partition else all_partitions()
        return [partition for partition in every if partition > after]


class Scrub:
    """One walk.

    Args:
        plan: What to do.
        fleet: The shards; every one that may be read is asked.
    """

    def __init__(self, plan: ScrubPlan, fleet: Fleet) -> None:
        self._plan = plan
        entries = plan.topology.shards.values()
        names = sorted(entry.name for entry in entries if entry.state.readable)
        stores: Mapping[str, BlobStore] = {s.name: s for s in fleet.stores(plan.topology, names)}
        self._looker = Looker(stores, Throttle(plan.bytes_per_second))
        read = [name for name in names if plan.shard in {"", name}]
        whole = not plan.partition
        self._rows = RowWalks(plan.topology, whole=whole)
        self._walks = {name: ShardWalk(stores[name], whole=whole) for name in read}

    def close(self) -> None:
        """End the threads."""
        self._looker.close()

    def run(self, keeper: Keeper, progress: Progress) -> None:
        """Walk from where the keeper is to the end. May be killed at any moment."""
        for partition in self._plan.partitions(keeper.cursor):
            progress.advance(bytes_moved=self.step(partition, keeper))
        keeper.finish()

    def step(self, partition: str, keeper: Keeper) -> int:
        """Scrub one partition; return how many bytes were read."""
        found = listing(self._walks, partition)
        keys = by_image(found)
        rows = self._rows.rows(partition, keys) if self._plan.indexed else {}
        looks = self._look(found, keys, rows)
        judged = [item for look in looks.values() for item in self._judge(look, rows)]
        read = _amounts(looks.values())
        keeper.add(partition, read, judged)
        return sum(size for _, size in read.values())

    def _look(
        self,
        found: Listing,
        keys: dict[str, dict[str, list[str]]],
        rows: Mapping[str, Image],
    ) -> dict[str, Look]:
        for image_id in rows.keys() - keys.keys():
            keys[image_id] = {}
        unread = {name for name, keys_there in found.items() if keys_there is None}
        others = {name for name in self._looker.stores if name not in self._walks}
        silent = frozenset(unread | others) | away(self._plan.topology)
        return self._looker.look(keys, silent)

    def _judge(self, look: Look, rows: Mapping[str, Image]) -> Iterator[Judged]:
        plan, image_id = self._plan, look.seen.image_id
        image = rows.get(image_id)
        first = self._wanted(judge(look, image, plan.topology, indexed=plan.indexed))
        lone = plan.apply and image is None and bool(look.reads)  # a tombstone without a row
        if not plan.indexed or (not lone and all(f.code is Code.CANNOT_TELL for f in first)):
            yield from (Judged(finding, healed=False) for finding in first)
            return
        again = image_find_out(id_parse(image_id), self._looker, plan.topology)
        sure = self._wanted(again.findings)
        after = sure
        if plan.apply and (sure or lone):
            healed = image_heal(again, self._looker, plan.topology, uploads_run=plan.uploads_run)
            after = self._wanted(healed.findings)
        yield from (Judged(finding, healed=_key(finding) not in _keys(after)) for finding in sure)

    def _wanted(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Return what was asked for: with one shard, only what is about it."""
        if not self._plan.shard:
            return findings
        return tuple(finding for finding in findings if finding.shard == self._plan.shard)


def _key(finding: Finding) -> tuple[str, ...]:
    return (finding.code.value, finding.shard, finding.blob)


def _keys(findings: tuple[Finding, ...]) -> set[tuple[str, ...]]:
    return {_key(finding) for finding in findings}


def _amounts(looks: Iterable[Look]) -> dict[str, tuple[int, int]]:
    amounts: dict[str, tuple[int, int]] = {}
    for look in looks:
        for blob in look.seen.blobs:
            blobs, size = amounts.get(blob.shard, (0, 0))
            amounts[blob.shard] = (blobs + 1, size + blob.size)
    return amounts
