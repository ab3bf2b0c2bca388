"""Looking at every copy of an image: as closely as somebody has reason to."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from webapp.core.errors import ShardUnavailableError
from webapp.core.keys import image_prefix
from webapp.core.label import Label
from webapp.core.presets import RENDITION_TYPES
from webapp.core.repair import Place, Sight
from webapp.images.copies import Placement, original_name
from webapp.images.models import Image
from webapp.images.services.replicas import label_of
from webapp.storage.base import BlobStat, BlobStore, Check
from webapp.storage.everywhere import ask_all

LOOK_SECONDS = 6.0
READ_BYTES_PER_SECOND = 4 * 1024 * 1024


class Depth(Enum):
    """How closely a position is looked at."""

    LISTED = "listed"
    """That a copy is there: one listing for the whole image."""
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


def image_look(image: Image, placement: Placement, wanted: list[Wanted], depths: Depths) -> Seen:
    """Return what every position that can be read says of every blob; all are asked at once.

    A copy of the original the index does not know of is read, however shallow the look.
    """
    known = known_copies(image)
    prefix = image_prefix(placement.image_id)

    def look(store: BlobStore) -> dict[str, Sight]:
        depth = depths(store.name)
        names = {k.removeprefix(prefix) for k in store.keys(prefix)} if _lists(depth) else None
        return {
            blob.name: _sight(store, prefix, blob, _deep(blob, depth, store.name in known), names)
            for blob in wanted
        }

    size = sum(blob.size for blob in wanted)
    within = LOOK_SECONDS + size / READ_BYTES_PER_SECOND
    return ask_all([store for _, store in placement.readable()], look, within=within).given


def _lists(depth: Depth) -> bool:
    return depth is Depth.LISTED


def _deep(blob: Wanted, depth: Depth, known: bool) -> Depth:  # noqa: FBT001 - private, one caller
    return Depth.READ if blob.original and not known else depth


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


def _sight(
    store: BlobStore, prefix: str, blob: Wanted, depth: Depth, names: Iterable[str] | None
) -> Sight:
    try:
        if names is not None and blob.name not in names:
            return Sight.ABSENT
        if depth is Depth.READ:
            return read_sight(store, prefix + blob.name, blob)
        if depth is Depth.LISTED:
            return Sight.TRUSTED
        return _label_sight(store.stat(prefix + blob.name), blob)
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
    digest = hashlib.sha256()
    with store.open(key) as opened:
        if opened is None:
            return Sight.ABSENT
        for chunk in opened.chunks:
            digest.update(chunk)
    found = f"sha256:{digest.hexdigest()}"
    # Readers step over a copy that says nothing of itself, so it is no copy.
    if opened.stat.label is None or opened.stat.label.digest != found:
        return Sight.BAD
    if found != blob.label.digest:
        return Sight.BAD if blob.original else Sight.STALE
    return Sight.GOOD
