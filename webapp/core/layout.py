"""Who holds what under a version: every partition placed, and what that comes to. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webapp.core.ids import all_partitions
from webapp.core.placement import place
from webapp.core.shards import ShardSpec
from webapp.core.topology import TopologyVersion


@dataclass(frozen=True, slots=True)
class Layout:
    """A version with the positions of its partitions.

    Args:
        version: What is placed on.
        places: Of each partition its name and its first positions, one more than R where there
            are as many.
    """

    version: TopologyVersion
    places: tuple[tuple[str, tuple[ShardSpec, ...]], ...]

    def homes(self) -> Iterable[tuple[ShardSpec, ...]]:
        """Yield the homes of each partition while no shard is dead."""
        return (where[: self.version.replica_count] for _, where in self.places)


def layout_make(version: TopologyVersion, *, partition_count: int = 0) -> Layout:
    """Place partitions, by the function that places images.

    Takes about a microsecond per shard and partition: over a minute for 1,000 shards.

    Args:
        version: What to place on.
        partition_count: Only so many, spread evenly; 0 for all there are.
    """
    every = all_partitions()
    step = len(every) / (partition_count or len(every))
    chosen = (every[int(index * step)] for index in range(partition_count or len(every)))
    kept = version.replica_count + 1
    places = tuple((name, tuple(place(version.shards, name)[:kept])) for name in chosen)
    return Layout(version, places)


def held(layout: Layout) -> dict[str, float]:
    """Return the part of all copies each shard holds; the sum is 1."""
    counts = Counter(shard.name for where in layout.homes() for shard in where)
    total = sum(counts.values())
    return {shard.name: counts[shard.name] / total for shard in layout.version.shards}


def largest_deviation(layout: Layout) -> float:
    """Return by how much the shard furthest off holds more or less than its weight asks for."""
    parts = held(layout)
    weight = sum(shard.weight for shard in layout.version.shards)
    return max(
        abs(parts[shard.name] / (shard.weight / weight) - 1) for shard in layout.version.shards
    )


def zone_shapes(layout: Layout) -> dict[tuple[int, ...], float]:
    """Return how copies are spread over zones, (2, 1) for two and one, and how often that is."""
    counts = Counter(
        tuple(sorted(Counter(shard.zone for shard in where).values(), reverse=True))
        for where in layout.homes()
    )
    return {shape: count / len(layout.places) for shape, count in counts.items()}


def home_sets(layout: Layout) -> int:
    """Return how many different sets of shards hold something that lies nowhere else.

    Source: copysets, Cidon et al. 2013.
    """
    return len({frozenset(shard.name for shard in where) for where in layout.homes()})


@dataclass(frozen=True, slots=True)
class Loss:
    """What has to be copied when a shard is lost.

    Args:
        part: Of all copies, held by the shard that holds most.
        busiest: Of all copies, written to the one shard that has to take most of them.
    """

    part: float
    busiest: float


def loss_of_largest(layout: Layout) -> Loss:
    """Return what the loss of the shard that holds most comes to.

    Its partitions go to whoever is next in the order of each, so many shards write at once.
    """
    parts, replicas = held(layout), layout.version.replica_count
    lost = max(parts, key=lambda name: (parts[name], name))
    takers = Counter(
        where[-1].name
        for _, where in layout.places
        if len(where) > replicas and lost in {shard.name for shard in where[:replicas]}
    )
    copies = len(layout.places) * replicas
    return Loss(parts[lost], max(takers.values(), default=0) / copies)


@dataclass(frozen=True, slots=True)
class Growth:
    """What it moves when shards are added and an old version is placed under the new one.

    Args:
        moved: Part of all copies that a rebalance copies. Adding alone moves none.
        minimum: Part that has to move, however it is done, for the shards to hold what they
            hold in the end.
    """

    moved: float
    minimum: float


def growth(layout: Layout, added: Sequence[ShardSpec]) -> Growth:
    """Return what a rebalance to a version with more shards moves.

    Who was not among the first R does not get there by somebody joining, so only those and the
    new ones are placed anew.
    """
    moved, change = 0, Counter[str]()
    for (name, _), where in zip(layout.places, layout.homes(), strict=True):
        then = place([*where, *added], name)[: layout.version.replica_count]
        before, after = {s.name for s in where}, {s.name for s in then}
        moved += len(after - before)
        change.update(after - before)
        change.subtract(before - after)
    copies = len(layout.places) * layout.version.replica_count
    return Growth(moved / copies, sum(part for part in change.values() if part > 0) / copies)
