"""Copies of an image's blobs on its positions: where they are, and bringing them there."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from webapp.cluster.stores import Stores, fleet, writable
from webapp.core.errors import NotFoundError
from webapp.core.ids import ImageId
from webapp.core.keys import ORIGINAL, PRIVATE, blob_key, image_prefix
from webapp.core.label import Label
from webapp.core.on_demand import is_on_demand
from webapp.core.placement import all_positions, homes
from webapp.core.shards import ShardSpec, ShardState
from webapp.core.topology import Topology, TopologyVersion
from webapp.images.models import Image
from webapp.images.nearness import near_first, read_count
from webapp.storage.base import BlobStore
from webapp.storage.copies import copy_any
from webapp.storage.everywhere import ask_all, stat_all

RECORD_SECONDS = 3.0
ERASE_SECONDS = 12.0
"""For some sixteen requests, one after the other, to a store that takes 0.7 s for each."""


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
    readable = near_first(placement.readable(), homes=placement.version.replica_count)
    stores = [store for _, store in readable]
    with tempfile.TemporaryFile(dir=folder) as file:
        path = Path(f"/proc/self/fd/{file.fileno()}")
        copy = copy_any(stores, placement.key(name), path, digest=digest)
        if copy is None:
            raise NotFoundError(f"No position of {placement.image_id} holds its {name!r}.")
        read_count(copy.shard_name, placement.positions())
        yield path


def record_put(placement: Placement, name: str, data: bytes, label: Label) -> list[str]:
    """Write a manifest or tombstone to every position that takes records; return which took it."""
    key = placement.key(name)
    stores = [store for _, store in placement.recording()]
    answers = ask_all(
        stores, lambda store: store.put(key, data, label=label), within=RECORD_SECONDS
    )
    return list(answers.given)


def everything_erase(placement: Placement, names: Iterable[str]) -> list[str]:
    """Remove blobs, and all sizes made on demand, from every position that takes deletes.

    Nothing lists those sizes but the shards, so each is asked.

    Returns:
        Who confirmed that none is left.
    """
    keys = [placement.key(name) for name in names]
    prefix = image_prefix(placement.image_id)

    def erase(store: BlobStore) -> None:
        made = [key for key in store.keys(prefix) if is_on_demand(key.removeprefix(prefix))]
        for key in (*keys, *made):
            store.delete(key)

    stores = [store for _, store in placement.recording()]
    return list(ask_all(stores, erase, within=ERASE_SECONDS).given)


def record_delete(placement: Placement, names: Iterable[str]) -> list[str]:
    """Remove blobs from every position that takes deletes; return who confirmed all of them."""
    keys = [placement.key(name) for name in names]

    def erase(store: BlobStore) -> None:
        for key in keys:
            store.delete(key)

    stores = [store for _, store in placement.recording()]
    return list(ask_all(stores, erase, within=RECORD_SECONDS).given)
