"""What has to be done to the copies of one blob: a pure decision over what was seen.

Source: the fsck of MogileFS, which has a code per finding; the auditor of OpenStack Swift,
which never replaces a copy it did not first put aside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


class Sight(Enum):
    """What was seen of a blob on one position."""

    GOOD = "good"
    """Its bytes were read just now and have the digest."""
    TRUSTED = "trusted"
    """It says it holds them, and they were compared before; they were not read now."""
    STALE = "stale"
    """It is well and something else: another make of the same thing."""
    BAD = "bad"
    """It is damaged: its bytes are not what they should be, or it says nothing of itself."""
    ABSENT = "absent"
    SILENT = "silent"
    """Cannot tell. Never the same as absent."""

    @property
    def held(self) -> bool:
        """Whether it counts as a copy."""
        return self in {Sight.GOOD, Sight.TRUSTED}

    @property
    def replaceable(self) -> bool:
        """Whether a copy may be written there: nothing good is lost by it."""
        return self in {Sight.ABSENT, Sight.STALE, Sight.BAD}


@dataclass(frozen=True, slots=True)
class Place:
    """One position of a blob.

    Args:
        shard: Name.
        sight: What was seen there.
        home: Whether a copy belongs there.
        takes_copies: Whether its state lets copies be written and removed there.
        stands_in: Whether it may hold a copy for a home that cannot.
        expected: Whether a copy should be there as far as anybody knows; asked only of one
            that cannot tell, so that nothing is copied for a shard that is merely away.
    """

    shard: str
    sight: Sight
    home: bool
    takes_copies: bool
    stands_in: bool
    expected: bool = False

    @property
    def presumed(self) -> bool:
        """Whether it holds a copy, or most probably does and cannot tell."""
        return self.sight.held or (self.sight is Sight.SILENT and self.expected)


class Verb(Enum):
    """What is done to one position."""

    COPY = "copy"
    """Write a verified copy where there is none, or a stale one."""
    REPLACE = "replace"
    """Put the bad copy aside, then write a verified one over it."""
    REMOVE = "remove"
    """Remove a copy that stood in. Only under the lease, see ``BlobPlan.removals``."""
    DISCARD = "discard"
    """Put a bad copy aside and remove it: none is wanted there. Only under the lease."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    verb: Verb
    shard: str


@dataclass(frozen=True, slots=True)
class BlobPlan:
    """What makes a blob whole.

    Args:
        writes: Copies to make: all of those at home, then hand-offs in order until there are
            enough; more of them are listed than are needed, for when one fails.
        presumed: Copies there are or most probably are; with it ``wanted`` is reached.
        wanted: How many copies there should be.
        removals: What may go once every home was read and found good by the same holder.
        lost: No good copy anywhere, and everybody answered.
        unknown: No good copy was seen, and somebody could not tell.
    """

    writes: tuple[Step, ...]
    presumed: int
    wanted: int
    removals: tuple[Step, ...] = ()
    lost: bool = False
    unknown: bool = False


def plan_blob(places: Sequence[Place], *, wanted: int) -> BlobPlan:
    """Return what makes a blob whole, from what was seen of it.

    A bad copy is never a source and never written over a good one; a silent position is left
    alone; something is removed only where every home was seen good in this very look, and
    never from a home.

    Args:
        places: The positions, best first.
        wanted: Copies there should be; the homes are at most so many.
    """
    if not any(place.sight.held for place in places):
        silent = any(place.sight is Sight.SILENT for place in places)
        return BlobPlan((), 0, wanted, lost=not silent, unknown=silent)
    presumed = sum(place.presumed for place in places)
    homes = [place for place in places if place.home]
    others = [place for place in places if not place.home]
    if len(homes) >= wanted and all(home.sight is Sight.GOOD for home in homes):
        return BlobPlan((), presumed, wanted, removals=tuple(_removals(others)))
    at_home = [_write(place) for place in homes if place.takes_copies and place.sight.replaceable]
    stand_ins: list[Step] = []
    if presumed < wanted:
        stand_ins = [_write(p) for p in others if p.stands_in and p.sight.replaceable]
    return BlobPlan((*at_home, *stand_ins), presumed, wanted)


def _write(place: Place) -> Step:
    return Step(Verb.REPLACE if place.sight is Sight.BAD else Verb.COPY, place.shard)


def _removals(others: Iterable[Place]) -> Iterable[Step]:
    for place in others:
        if not place.takes_copies or place.sight in {Sight.ABSENT, Sight.SILENT}:
            continue
        yield Step(Verb.DISCARD if place.sight is Sight.BAD else Verb.REMOVE, place.shard)
