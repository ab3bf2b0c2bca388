"""Placement: a pure function from a partition to shards, best first.

No table is shared and none is looked up: the same list of shards gives the same answer
everywhere. A new shard wins about its share of the partitions and moves no others.

Source: rendezvous hashing, Thaler & Ravishankar 1998; weights, Schindelhauer & Schomaker
2005 (``-weight / ln(hash)``, the largest wins).
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from webapp.core.errors import NotEnoughShardsError
from webapp.core.ids import all_partitions
from webapp.core.shards import ShardSpec
from webapp.core.topology import Topology, TopologyVersion

_SCALE = 1 << 64


def _score(shard: ShardSpec, partition: str) -> float:
    digest = hashlib.blake2b(f"{shard.name}\0{partition}".encode(), digest_size=8).digest()
    uniform = (int.from_bytes(digest, "big") + 0.5) / _SCALE
    return -shard.weight / math.log(uniform)


def place(shards: Sequence[ShardSpec], partition: str) -> list[ShardSpec]:
    """Return all shards in the order they should hold ``partition``, best first.

    The best shard of each zone comes first, zones ordered by their best shard; then the
    rest. So the first R lie in R zones while there are that many.

    Args:
        shards: Shards of one topology version, in any order.
        partition: Three characters.

    Raises:
        NotEnoughShardsError: The list is empty; an operator must add a shard.
    """
    if not shards:
        raise NotEnoughShardsError("There is no shard to place on; add one with `shard add`.")
    ranked = sorted(shards, key=lambda shard: (-_score(shard, partition), shard.name))
    return zones_first(ranked)


def zones_first(ranked: Iterable[ShardSpec]) -> list[ShardSpec]:
    """Return ``ranked`` with the first shard of each zone moved ahead, order kept otherwise."""
    firsts: dict[str, ShardSpec] = {}
    rest: list[ShardSpec] = []
    for shard in ranked:
        if shard.zone in firsts:
            rest.append(shard)
        else:
            firsts[shard.zone] = shard
    return [*firsts.values(), *rest]


@lru_cache(maxsize=1 << 16)
def positions(version: TopologyVersion, partition: str) -> tuple[ShardSpec, ...]:
    """Return the H positions of a partition, best first; states play no part.

    Cached: a version never changes.
    """
    return tuple(place(version.shards, partition)[: version.position_count])


def all_positions(topology: Topology, number: int, partition: str) -> list[ShardSpec]:
    """Return every position an image named under version ``number`` may lie on.

    The positions of where it is placed now come first, then those it was placed on before a
    rebalance; each shard once.

    Raises:
        UnknownVersionError: The topology does not have the version.
    """
    found: dict[str, ShardSpec] = {}
    for version in topology.places(number):
        for spec in positions(version, partition):
            found.setdefault(spec.name, spec)
    return list(found.values())


def homes(topology: Topology, version: TopologyVersion, partition: str) -> list[ShardSpec]:
    """Return where the copies of a partition belong: the first R whose state holds its share."""
    holding = [s for s in positions(version, partition) if topology.state(s.name).holds_share]
    return holding[: version.replica_count]


def write_order(topology: Topology, version: TopologyVersion, partition: str) -> list[ShardSpec]:
    """Return the positions that take new images, in order, distinct zones first.

    The first R are where a new image should go; the others are hand-offs for those that
    fail meanwhile.
    """
    taking = [s for s in positions(version, partition) if topology.state(s.name).takes_images]
    return zones_first(taking)


def shares(version: TopologyVersion) -> dict[str, float]:
    """Return the part of all partitions each shard is one of the first R for.

    The sum is R. With zones of equal weight and R no larger than their number, or equal
    weights in zones of equal size, a shard's part is R times its part of the total weight.
    Otherwise a small zone is asked for more, and this is how much. Walks all partitions:
    milliseconds per shard.
    """
    counts = dict.fromkeys((shard.name for shard in version.shards), 0)
    partitions = all_partitions()
    for partition in partitions:
        for shard in place(version.shards, partition)[: version.replica_count]:
            counts[shard.name] += 1
    return {name: count / len(partitions) for name, count in counts.items()}
