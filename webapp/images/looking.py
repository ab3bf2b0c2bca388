"""Looking at every copy of an image: as closely as somebody has reason to."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from webapp.core.errors import ShardUnavailableError
from webapp.core.keys import image_prefix
from webapp.core.label import Label
from webapp.core.on_demand import is_on_demand
from webapp.core.presets import RENDITION_TYPES
from webapp.core.repair import Place, Sight
from webapp.images.copies import Placement, original_name
from webapp.images.models import Image
from webapp.images.services.replicas import label_of
from webapp.storage.base import BlobStat, BlobStore, Check, OpenBlob
from webapp.storage.everywhere import ask_all

LOOK_SECONDS = 6.0
READ_BYTES_PER_SECOND = 4 * 1024 * 1024


class Depth(Enum):
    """How closely a position is looked at."""

    INDEX = "index"
    """Not at all: what the index says of the original, and the rest where it belongs."""
    LABELLED = "labelled"
    """What the copy says of itself, and its size."""
    READ = "read"
    """Every byte, against the digest."""


Depths = Callable[[str], Depth]
"""The name of a shard → how closely it is looked at."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A blob an image should have.

    Args:
        name: In the image's folder.
        label: What it carries.
        size: Bytes.
        count: How many copies there should be.
        original: Whether it holds the accepted bytes, which exist in one make only.
    """

    name: str
    label: Label
    size: int
    count: int
    original: bool = False


def blobs_wanted(image: Image, placement: Placement) -> list[Wanted]:
    """Return the original and every rendition the row knows of."""
    version = placement.version
    original = Wanted(
        original_name(image), label_of(image), image.bytes, version.replica_count, original=True
    )
    return [
        original,
        *(
            Wanted(
                name,
                Label(record["digest"], RENDITION_TYPES[name.rpartition(".")[2]]),
                record["bytes"],
                version.rendition_replica_count,
            )
            for name, record in image.renditions.items()
        ),
    ]


Seen = Mapping[str, Mapping[str, Sight]]
"""Shard → blob → what was seen; a shard that gave no answer at all is not in it."""


def image_look(
    image: Image,
    placement: Placement,
    wanted: list[Wanted],
    depths: Depths,
    *,
    made: set[str] | None = None,
) -> Seen:
    """Return what every position that can be read says of every blob; all are asked at once.

    A copy of the original the index does not know of is read, however shallow the look. One
    listing per position comes first: most positions lack most blobs.

    Args:
        image: The row.
        placement: Of the image.
        wanted: What is looked for.
        depths: How closely each shard is looked at.
        made: Takes the names of sizes on demand that are listed beside them.
    """
    known = known_copies(image)
    prefix = image_prefix(placement.image_id)
    taken = {
        spec.name: _by_index(placement, wanted, spec.name)
        for spec, _ in placement.readable()
        if depths(spec.name) is Depth.INDEX and spec.name in known
    }

    def look(store: BlobStore) -> dict[str, Sight]:
        depth = depths(store.name)
        names = {key.removeprefix(prefix) for key in store.keys(prefix)}
        if made is not None:
            made.update(name for name in names if is_on_demand(name))
        return {
            blob.name: _sight(store, prefix + blob.name, blob, _deep(blob, depth, store, known))
            if blob.name in names
            else Sight.ABSENT
            for blob in wanted
        }

    size = sum(blob.size for blob in wanted)
    within = LOOK_SECONDS + size / READ_BYTES_PER_SECOND
    homes = placement.home_names()
    asked = [
        store
        for spec, store in placement.readable()
        if spec.name not in taken and (depths(spec.name) is not Depth.INDEX or spec.name in homes)
    ]
    return {**taken, **ask_all(asked, look, within=within).given}


def _by_index(placement: Placement, wanted: list[Wanted], shard: str) -> dict[str, Sight]:
    homes = placement.home_names()
    return {
        blob.name: Sight.TRUSTED if blob.original or shard in homes[: blob.count] else Sight.ABSENT
        for blob in wanted
    }


def _deep(blob: Wanted, depth: Depth, store: BlobStore, known: set[str]) -> Depth:
    return Depth.READ if blob.original and store.name not in known else depth


def known_copies(image: Image) -> set[str]:
    """Return the shards whose copies of the original were verified, by the index."""
    return {r["shard"] for r in image.replicas if r["check"] == Check.VERIFIED.value}


def places(image: Image, placement: Placement, blob: Wanted, seen: Seen) -> list[Place]:
    """Return the positions of one blob as the plan takes them, best first."""
    known = known_copies(image)
    homes = set(placement.home_names()[: blob.count])
    standing = {spec.name for spec, _ in placement.writable()}
    topology = placement.topology
    return [
        Place(
            shard=spec.name,
            sight=seen.get(spec.name, {}).get(blob.name, Sight.SILENT),
            home=spec.name in homes,
            takes_copies=topology.state(spec.name).takes_records,
            stands_in=spec.name in standing,
            expected=spec.name in known or (not blob.original and spec.name in homes),
        )
        for spec in placement.positions()
        if topology.state(spec.name).readable or topology.state(spec.name).holds_share
    ]


def _sight(store: BlobStore, key: str, blob: Wanted, depth: Depth) -> Sight:
    try:
        if depth is Depth.READ:
            return read_sight(store, key, blob)
        return _label_sight(store.stat(key), blob)
    except ShardUnavailableError:
        return Sight.SILENT


def _label_sight(stat: BlobStat | None, blob: Wanted) -> Sight:
    if stat is None:
        return Sight.ABSENT
    if stat.label is None:
        return Sight.BAD
    if stat.label.digest != blob.label.digest:
        return Sight.BAD if blob.original else Sight.STALE
    return Sight.TRUSTED if stat.size == blob.size else Sight.BAD


def read_sight(store: BlobStore, key: str, blob: Wanted) -> Sight:
    """Read a copy to its end and return what it is.

    Raises:
        ShardUnavailableError: Cannot tell.
    """
    with store.open(key) as opened:
        if opened is None:
            return Sight.ABSENT
        label = label_proven(opened)
    if label is None:
        return Sight.BAD
    if label.digest != blob.label.digest:
        return Sight.BAD if blob.original else Sight.STALE
    return Sight.GOOD


def label_proven(opened: OpenBlob) -> Label | None:
    """Read a copy to its end; return its label, or None when that is not what was read.

    Readers step over a copy that says nothing of itself, so it is no copy.

    Raises:
        ShardUnavailableError: Cannot tell.
    """
    digest = hashlib.sha256()
    for chunk in opened.chunks:
        digest.update(chunk)
    label = opened.stat.label
    return label if label and label.digest == f"sha256:{digest.hexdigest()}" else None
