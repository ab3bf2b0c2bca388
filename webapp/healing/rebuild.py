"""Rebuilding the index from the shards alone, partition by partition.

Nothing is written to a shard, and nothing may be written by others, until every partition
was read; then the epoch is raised, so that what the new index says wins.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from django.db import transaction
from django.utils import timezone

from webapp.cluster.publishing import topology_republish, topology_restore
from webapp.cluster.read_only import read_only_reason, read_only_set
from webapp.cluster.stores import fleet
from webapp.core.errors import ConflictError
from webapp.core.ids import all_partitions
from webapp.core.topology import Topology
from webapp.healing.models import HealingRun
from webapp.healing.rebuild_deleted import deletions_restore, epoch_raise
from webapp.healing.rebuild_lost import VERB, index_empty
from webapp.healing.rebuild_save import Saved, Saver
from webapp.healing.rebuild_seen import ImageSeen, image_read, images_listed
from webapp.healing.rebuild_silent import silent_check, silent_shards
from webapp.healing.scrub_walk import ShardWalk, listing
from webapp.images.services import journal_publish
from webapp.images.services.usage import usage_recount
from webapp.storage.base import BlobStore

SCOPE = "all"
REASON = "The index is being rebuilt from the shards; nothing can be written until it is done."
THREADS = 8
SAVE_EVERY = 64
"""Partitions with nothing in them between two notes of how far the walk is."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found.

    Args:
        counts: Images by what became of them.
        silent: Shards that did not answer.
        epoch: Of the index, as raised at the end.
    """

    counts: Mapping[str, int]
    silent: Sequence[str]
    epoch: int = 0


def rebuild_check(*, topology: Topology, accept_missing: bool) -> None:
    """Refuse a rebuild that would destroy or miss something.

    Raises:
        ConflictError: The index is not empty, and no rebuild made what is in it.
        ShardsUnavailableError: So many positions of a partition are silent that an
            acknowledged image may lie on them alone.
    """
    if not index_empty() and not HealingRun.objects.filter(verb=VERB).exists():
        raise ConflictError(
            "The index is not empty. A rebuild fills an empty database: see the runbook "
            "`database-lost`. What a restored dump lacks is taken in by scrub and reap."
        )
    silent = silent_shards(topology)
    if not accept_missing:
        for partition in all_partitions() if silent else ():
            silent_check(topology, partition, silent)


def rebuild_look(*, topology: Topology, advance: Callable[[], object]) -> Rebuilt:
    """Read the shards and say what a rebuild would find; write nothing."""
    counts: Counter[str] = Counter()
    with _Walk(topology) as walk:
        for partition in all_partitions():
            for seen in walk.images(partition):
                counts[_kind(seen)] += 1
            advance()
    return Rebuilt(counts, sorted(silent_shards(topology)))


def _kind(seen: ImageSeen) -> str:
    if seen.deleted:
        return Saved.DELETED.value
    if seen.manifest:
        return Saved.ADDED.value
    labelled = any(original.label.about for original in seen.originals)
    return Saved.RECOVERED.value if labelled else Saved.UNKNOWN.value


def rebuild_run(
    *, topology: Topology, accept_missing: bool, advance: Callable[[], object]
) -> Rebuilt:
    """Fill the index from the shards. Twice is once; may be killed at any moment and run again.

    The service is read-only meanwhile. Users are made disabled. The newest record of each
    image counts; without one its label does.

    Args:
        topology: As ``topology_find`` found it.
        accept_missing: Go on although an image may lie on silent shards alone.
        advance: Called after each partition.

    Raises:
        ConflictError: As ``rebuild_check``.
        ShardsUnavailableError: As ``rebuild_check``, or shards fell silent on the way. What
            was done stays done; run it again.
    """
    rebuild_check(topology=topology, accept_missing=accept_missing)
    topology_restore(topology)
    run = _begin()
    silent = _walk_all(run, topology, accept_missing=accept_missing, advance=advance)
    return _finish(run, silent)


def _begin() -> HealingRun:
    with transaction.atomic():
        if read_only_reason() != REASON:
            read_only_set(reason=REASON)
        run, _ = HealingRun.objects.get_or_create(verb=VERB, scope=SCOPE, finished_at=None)
    return run


def _walk_all(
    run: HealingRun, topology: Topology, *, accept_missing: bool, advance: Callable[[], object]
) -> set[str]:
    saver, idle, silent = Saver(topology), 0, silent_shards(topology)
    with _Walk(topology) as walk:
        for partition in all_partitions():
            if partition > run.cursor:
                images = walk.images(partition)
                silent |= walk.silent
                if walk.silent and not accept_missing:
                    silent_check(topology, partition, walk.silent)
                idle = 0 if images else idle + 1
                if images or idle % SAVE_EVERY == 0:
                    _save(run, saver, images, partition)
            advance()
    return silent


def _save(run: HealingRun, saver: Saver, images: Sequence[ImageSeen], partition: str) -> None:
    """Save the images of a partition and that they are saved, both or neither."""
    with transaction.atomic():
        counts = Counter(run.counts)
        for seen in images:
            counts[saver.save(seen).value] += 1
        run.counts, run.cursor = dict(counts), partition
        run.save()


def _finish(run: HealingRun, silent: set[str]) -> Rebuilt:
    deletions_restore(silent=bool(silent))
    with transaction.atomic():
        epoch = epoch_raise()
        read_only_set(reason="")
        run.finished_at = timezone.now()
        run.save()
    journal_publish()
    topology_republish()
    usage_recount(apply=True)
    return Rebuilt(run.counts, sorted(silent), epoch)


class _Walk:
    """Reads the images of one partition after the other, several at a time."""

    def __init__(self, topology: Topology) -> None:
        names = [entry.name for entry in topology.shards.values() if entry.state.readable]
        stores = fleet().stores(topology, names)
        self._stores: dict[str, BlobStore] = {store.name: store for store in stores}
        self._walks = {store.name: ShardWalk(store, whole=True) for store in stores}
        self._away = {e.name for e in topology.shards.values() if _away(topology, e.name)}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rebuild")
        self.silent: set[str] = set()
        """Shards that did not answer for the partition read last."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._threads.shutdown()

    def images(self, partition: str) -> list[ImageSeen]:
        """Return the images of a partition, read."""
        listed = listing(self._walks, partition)
        found = images_listed(listed)
        read = list(self._threads.map(lambda seen: image_read(seen, self._stores), found))
        self.silent = self._away | {name for name, keys in listed.items() if keys is None}
        for seen in read:
            self.silent |= seen.silent
        return read


def _away(topology: Topology, name: str) -> bool:
    return not topology.state(name).readable and not topology.emptied(name)
