"""Shards near by: a process prefers those of its own zone, where that changes no placement."""

from collections.abc import Iterable

from django.conf import settings

from webapp.cluster.stores import Stores
from webapp.core.shards import ShardSpec
from webapp.images.metrics import FIRST_WRITES, READS


def near_first(stores: Stores, *, homes: int) -> Stores:
    """Return positions with those of this process's zone ahead, among the first ``homes``.

    The others stay behind them: a copy that stands in is no better for being near, and where
    copies belong is not for a worker to change.
    """
    zone = settings.SHOEBOX.zone
    first = sorted(stores[:homes], key=lambda position: position[0].zone != zone)
    return [*first, *stores[homes:]]


def read_count(shard: str, specs: Iterable[ShardSpec]) -> None:
    """Count a blob that was read from a shard."""
    READS.labels(_place(shard, specs)).inc()


def first_write_count(shard: str, specs: Iterable[ShardSpec]) -> None:
    """Count a blob whose first copy a shard accepted."""
    FIRST_WRITES.labels(_place(shard, specs)).inc()


def _place(shard: str, specs: Iterable[ShardSpec]) -> str:
    zones = {spec.name: spec.zone for spec in specs}
    return "local" if zones.get(shard) == settings.SHOEBOX.zone else "remote"
