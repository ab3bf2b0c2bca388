"""Moves: which blobs have to be copied where, when copies belong elsewhere than before.

A pure decision over what lies where, so that a dry run and the run itself agree.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlobHeld:
    """One blob and who has it.

    Args:
        name: In its image's folder.
        size: Bytes.
        count: How many copies there should be.
        holders: Shards that have it.
    """

    name: str
    size: int
    count: int
    holders: Collection[str]


@dataclass(frozen=True, slots=True)
class Move:
    """One copy to be made."""

    image_id: str
    name: str
    size: int
    to: str


def plan_moves(*, image_id: str, blobs: Iterable[BlobHeld], homes: Sequence[str]) -> list[Move]:
    """Return the copies an image needs so that every blob lies on its homes.

    No plan that ends there moves fewer bytes: a home that has a copy is never written to, and
    one that has none cannot do without. What lies elsewhere is removed later, which moves
    nothing.

    Args:
        image_id: The image.
        blobs: What there is of it; one that nobody has cannot be moved.
        homes: Where copies belong, best first; a blob belongs on the first ``count`` of them.
    """
    return [
        Move(image_id, blob.name, blob.size, home)
        for blob in blobs
        if blob.holders
        for home in homes[: blob.count]
        if home not in blob.holders
    ]


@dataclass(frozen=True, slots=True)
class MoveTotals:
    """What a list of moves comes to."""

    images: int
    bytes: int
    copies_to: Mapping[str, int]
    bytes_to: Mapping[str, int]


def moves_total(moves: Iterable[Move]) -> MoveTotals:
    """Return the sums of a plan, over all and by the shard that is copied to."""
    images: set[str] = set()
    copies: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for move in moves:
        images.add(move.image_id)
        copies[move.to] = copies.get(move.to, 0) + 1
        sizes[move.to] = sizes.get(move.to, 0) + move.size
    return MoveTotals(len(images), sum(sizes.values()), copies, sizes)
