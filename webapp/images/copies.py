"""Copies of an image's blobs on its positions: where they are, and bringing them there."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings

from webapp.cluster.stores import Stores, fleet, writable
from webapp.core.errors import NotFoundError, ShardUnavailableError
from webapp.core.ids import ImageId
from webapp.core.keys import ORIGINAL, PRIVATE, blob_key
from webapp.core.label import Label
from webapp.core.placement import all_positions, homes
from webapp.core.shards import ShardSpec, ShardState
from webapp.core.topology import Topology, TopologyVersion
from webapp.images.models import Image
from webapp.storage.base import BlobStore, Check
from webapp.storage.copies import copy_any
from webapp.storage.everywhere import ask_all, stat_all

log = structlog.get_logger(__name__)

RECORD_SECONDS = 3.0


@dataclass(frozen=True)
class Placement:
    """Everything placement says of one image under one topology.

    Args:
        image_id: The image.
        topology: What is known of versions and shards.
        version: Says where copies belong: the version of the name, or the one it was moved
            to by a rebalance.
    """

    image_id: ImageId
    topology: Topology
    version: TopologyVersion

    @classmethod
    def of(cls, image_id: ImageId, topology: Topology) -> "Placement":
        """Return the placement of an image.

        Raises:
            UnknownVersionError: The index does not have the version of its name.
        """
        return cls(image_id, topology, topology.places(image_id.version)[0])

    @property
    def partition(self) -> str:
        """The partition of the image."""
        return self.image_id.partition

    def key(self, name: str) -> str:
        """Return the key of one of the image's blobs."""
        return blob_key(self.image_id, name)

    def home_names(self) -> list[str]:
        """Return the names of the image's homes, best first."""
        return [shard.name for shard in homes(self.topology, self.version, self.partition)]

    def positions(self) -> list[ShardSpec]:
        """Return every position that may hold something of the image.

        Those it is placed on come first, then those it was placed on before a rebalance.
        """
        return all_positions(self.topology, self.image_id.version, self.partition)

    def writable(self) -> Stores:
        """Return positions that take new bytes."""
        return writable(self.topology, self.version, self.partition)

    def recording(self) -> Stores:
        """Return positions that take manifests, tombstones and deletes, earlier ones too."""
        return self._stores(lambda state: state.takes_records)

    def readable(self) -> Stores:
        """Return positions that may be read, earlier ones too."""
        return self._stores(lambda state: state.readable)

    def _stores(self, may: Callable[[ShardState], bool]) -> Stores:
        names = [spec for spec in self.positions() if may(self.topology.state(spec.name))]
        return fleet().positions(self.topology, names)

    def targets(self, wanted: int) -> tuple[Stores, Stores]:
        """Return where copies belong: the first ``wanted`` homes, then possible hand-offs."""
        names = self.home_names()[:wanted]
        by_name = {spec.name: (spec, store) for spec, store in self.recording()}
        others = [item for item in self.writable() if item[0].name not in names]
        return [by_name[name] for name in names if name in by_name], others


def original_name(image: Image) -> str:
    """Return the name of the blob that holds an image's accepted bytes."""
    return PRIVATE if image.private else ORIGINAL


def holders(stores: Stores, key: str, digest: str) -> list[str]:
    """Return the names of positions that say they hold exactly these bytes, in order."""
    answers = stat_all([store for _, store in stores], key)
    return [
        name
        for name, stat in answers.given.items()
        if stat and stat.label and stat.label.digest == digest
    ]


def copy_verify(placement: Placement, shard: str, key: str, digest: str) -> bool:
    """Return whether a copy, read back, has the digest; False also when it cannot be read."""
    stores = [store for spec, store in placement.readable() if spec.name == shard]
    try:
        return bool(stores) and _hash(stores[0], key) == digest
    except ShardUnavailableError as error:
        log.info("copy not verified", shard=shard, key=key, detail=error.detail)
        return False


def _hash(store: BlobStore, key: str) -> str | None:
    hasher = hashlib.sha256()
    with store.open(key) as blob:
        if blob is None:
            return None
        for chunk in blob.chunks:
            hasher.update(chunk)
    return f"sha256:{hasher.hexdigest()}"


@contextmanager
def fetched(placement: Placement, name: str, digest: str) -> Iterator[Path]:
    """Give a verified local copy of a blob, gone again afterwards.

    It has no name in the spool, so a process that is killed leaves nothing there. The path
    means something in this process alone.

    Raises:
        NotFoundError: All positions answered, and none has a copy.
        ShardsUnavailableError: Some did not answer; trying again may help.
        DigestMismatchError: Every copy is bad.
    """
    folder = settings.SHOEBOX.spool
    folder.mkdir(parents=True, exist_ok=True)
    stores = [store for _, store in placement.readable()]
    with tempfile.TemporaryFile(dir=folder) as file:
        path = Path(f"/proc/self/fd/{file.fileno()}")
        if copy_any(stores, placement.key(name), path, digest=digest) is None:
            raise NotFoundError(f"No position of {placement.image_id} holds its {name!r}.")
        yield path


def copies_bring(
    placement: Placement, name: str, label: Label, *, wanted: int, have: Iterable[str]
) -> dict[str, Check]:
    """Bring a blob to the first ``wanted`` homes, or to hand-offs while homes cannot take it.

    Args:
        placement: Of the image.
        name: The blob.
        label: What it carries.
        wanted: How many copies there should be.
        have: Positions that hold it already.

    Returns:
        The positions it was written to now. Fewer than missing when too few can take it.
    """
    held = set(have)
    at_home, others = placement.targets(wanted)
    missing = [item for item in at_home if item[0].name not in held]
    if not missing and len(held) >= wanted:
        return {}
    done: dict[str, Check] = {}
    with fetched(placement, name, label.digest) as path:
        for item in missing:
            done |= _try_put(item, placement.key(name), path, label)
        for item in others:
            if len(held | done.keys()) >= wanted:
                break
            if item[0].name not in held:
                done |= _try_put(item, placement.key(name), path, label)
    return done


def _try_put(
    item: tuple[ShardSpec, BlobStore], key: str, path: Path, label: Label
) -> dict[str, Check]:
    spec, store = item
    try:
        return {spec.name: store.put(key, path, label=label)}
    except ShardUnavailableError as error:
        log.info("copy not placed", shard=spec.name, key=key, detail=error.detail)
        return {}


def record_put(placement: Placement, name: str, data: bytes, label: Label) -> list[str]:
    """Write a manifest or tombstone to every position that takes records; return which took it."""
    key = placement.key(name)
    stores = [store for _, store in placement.recording()]
    answers = ask_all(
        stores, lambda store: store.put(key, data, label=label), within=RECORD_SECONDS
    )
    return list(answers.given)


def record_delete(placement: Placement, names: Iterable[str]) -> list[str]:
    """Remove blobs from every position that takes deletes; return who confirmed all of them."""
    keys = [placement.key(name) for name in names]

    def erase(store: BlobStore) -> None:
        for key in keys:
            store.delete(key)

    stores = [store for _, store in placement.recording()]
    return list(ask_all(stores, erase, within=RECORD_SECONDS).given)
