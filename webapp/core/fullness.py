"""Which shards stop taking new images because they are full, and which begin again. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webapp.core.shards import ShardSpec


@dataclass(frozen=True, slots=True)
class Room:
    """How much room a shard has.

    Args:
        spec: The shard.
        used: Part of its room that is taken, 0 to 1; None where that is not known.
        told: It answered not long ago that it is full.
        high_water: Part at which it stops.
        low_water: Part below which it begins again.
    """

    spec: ShardSpec
    used: float | None
    told: bool
    high_water: float
    low_water: float

    @property
    def full(self) -> bool:
        """Whether it should take nothing new."""
        return self.told or (self.used is not None and self.used >= self.high_water)

    @property
    def roomy(self) -> bool:
        """Whether it may take new images again; never said where nothing is known."""
        return not self.told and self.used is not None and self.used < self.low_water


def shards_to_close(rooms: Sequence[Room], *, quorum: int) -> list[str]:
    """Return the active shards of a pool that should be closed, the fullest first.

    None when every one is full: closing helps only while another has room. Never so many
    that fewer than ``quorum`` are left, and never the last of a zone.

    Args:
        rooms: All active shards of the pool.
        quorum: W of the pool.
    """
    if all(room.full for room in rooms):
        return []
    left = list(rooms)
    closed: list[str] = []
    for room in sorted(rooms, key=_by_urgency):
        others = [other for other in left if other is not room]
        zone_stays = room.spec.zone in _zones(others)
        if room.full and zone_stays and len(others) >= quorum:
            left = others
            closed.append(room.spec.name)
    return closed


def shards_to_open(rooms: Iterable[Room]) -> list[str]:
    """Return the closed shards that have room again; only of those the system closed itself."""
    return [room.spec.name for room in rooms if room.roomy]


def _by_urgency(room: Room) -> tuple[bool, float, str]:
    return (not room.told, -(room.used or 0.0), room.spec.name)


def _zones(rooms: Iterable[Room]) -> set[str]:
    return {room.spec.zone for room in rooms}
