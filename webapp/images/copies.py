"""Copies of an image's blobs on its positions: where they are, and bringing them there."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from webapp.cluster.stores import Stores, executor, readable, recording, writable
from webapp.core.errors import NotFoundError, ShardUnavailableError
from webapp.core.ids import ImageId
from webapp.core.keys import ORIGINAL, PRIVATE, blob_key
from webapp.core.label import Label
from webapp.core.placement import homes
from webapp.core.shards import ShardSpec
from webapp.core.topology import Topology, TopologyVersion
from webapp.images.models import Image
from webapp.storage.base import BlobStat, BlobStore, Check
from webapp.storage.quorum import read_any

log = structlog.get_logger(__name__)

RECORD_SECONDS = 3.0


@dataclass(frozen=True)
class Placement:
    """Everything placement says of one image under one topology."""

    image_id: ImageId
    topology: Topology
    version: TopologyVersion

    @classmethod
    def of(cls, image_id: ImageId, topology: Topology) -> "Placement":
        """Return the placement of an image.

        Raises:
            UnknownVersionError: The index does not have the version of its name.
        """
        return cls(image_id, topology, topology.version(image_id.version))

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

    def writable(self) -> Stores:
        """Return positions that take new bytes."""
        return writable(self.topology, self.version, self.partition)

    def recording(self) -> Stores:
        """Return positions that take manifests and tombstones."""
        return recording(self.topology, self.version, self.partition)

    def readable(self) -> Stores:
        """Return positions that may be read."""
        return readable(self.topology, self.version, self.partition)

    def targets(self, wanted: int) -> tuple[Stores, Stores]:
        """Return where copies belong: the first ``wanted`` homes, then possible hand-offs."""
        names = self.home_names()[:wanted]
        by_name = {spec.name: (spec, store) for spec, store in self.recording()}
        others = [item for item in self.writable() if item[0].name not in names]
        return [by_name[name] for name in names if name in by_name], others


def original_name(image: Image) -> str:
    """Return the name of the blob that holds an image's accepted bytes."""
    return PRIVATE if image.private else ORIGINAL


def stats(stores: Stores, key: str) -> Mapping[str, BlobStat | ShardUnavailableError | None]:
    """Return what each position says of a key, asked in parallel.

    An error stands for "cannot tell", which is not "absent".
    """
    futures = {spec.name: executor().submit(_stat, store, key) for spec, store in stores}
    return {name: future.result() for name, future in futures.items()}


def _stat(store: BlobStore, key: str) -> BlobStat | ShardUnavailableError | None:
    try:
        return store.stat(key)
    except ShardUnavailableError as error:
        return error


def holders(stores: Stores, key: str, digest: str) -> list[str]:
    """Return the names of positions that say they hold exactly these bytes, in order."""
    return [
        name
        for name, stat in stats(stores, key).items()
        if isinstance(stat, BlobStat) and stat.label and stat.label.digest == digest
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

    Raises:
        NotFoundError: No position has a good copy, and all of them answered.
        ShardUnavailableError: Some did not answer; trying again may help.
    """
    folder = settings.SHOEBOX.spool
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="fetch-") as file:
        target = Path(file.name)
        label = read_any(placement.readable(), placement.key(name), digest=digest, target=target)
        if label is None:
            raise NotFoundError(f"No position of {placement.image_id} holds a good {name!r}.")
        yield target


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
    futures: dict[str, Future[Check]] = {
        spec.name: executor().submit(store.put, key, data, label=label)
        for spec, store in placement.recording()
    }
    return _succeeded(futures)


def record_delete(placement: Placement, names: Iterable[str]) -> list[str]:
    """Remove blobs from every position that takes deletes; return who confirmed all of them."""
    keys = [placement.key(name) for name in names]

    def erase(store: BlobStore) -> None:
        for key in keys:
            store.delete(key)

    return _succeeded(
        {spec.name: executor().submit(erase, store) for spec, store in placement.recording()}
    )


def _succeeded(futures: Mapping[str, Future[Check] | Future[None]]) -> list[str]:
    """Return who succeeded, in order; who takes longer than ``RECORD_SECONDS`` is logged later."""
    done, late = wait(futures.values(), timeout=RECORD_SECONDS)
    for name, future in futures.items():
        if future in late:
            future.add_done_callback(partial(_log_outcome, name))
    return [name for name, future in futures.items() if future in done and _took(name, future)]


def _took(name: str, future: Future[Check] | Future[None]) -> bool:
    try:
        future.result()
    except ShardUnavailableError as error:
        log.info("record not taken", shard=name, detail=error.detail)
        return False
    return True


def _log_outcome(name: str, future: Future[Any]) -> None:
    log.info("record late", shard=name, taken=_took(name, future))
