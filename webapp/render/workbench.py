"""The work itself, on a thread: an original from the shards, a rendition back onto them."""

import tempfile
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from webapp.core.errors import (
    DigestMismatchError,
    MalformedRequestError,
    NotFoundError,
    ShardsUnavailableError,
    ShardUnavailableError,
    ShoeboxError,
)
from webapp.core.ids import ImageId
from webapp.core.keys import MANIFEST, ORIGINAL, PRIVATE, TOMBSTONE, blob_key
from webapp.core.label import Label
from webapp.core.manifest import Manifest, Revision, Tombstone, manifest_load, tombstone_load
from webapp.core.placement import all_positions, write_order
from webapp.core.presets import Preset
from webapp.core.shards import ShardSpec
from webapp.core.signing import bytes_digest
from webapp.core.topology import Topology
from webapp.storage.base import BlobStore
from webapp.storage.copies import copy_any
from webapp.storage.everywhere import ask_all, delete_all
from webapp.storage.fleet import Fleet
from webapp.storage.quorum import QuorumMissedError, quorum_write

PUT_THREADS = 8


class Drawn(Protocol):
    """A rendition that was made."""

    @property
    def data(self) -> bytes:
        """The bytes to store; upright, sRGB, without metadata."""
        ...

    @property
    def content_type(self) -> str:
        """Of the bytes."""
        ...


class Drawer(Protocol):
    """Makes one rendition at a time; workers.imaging.drawer.Drawer, and tests' own."""

    def draw(self, original: Path, preset: Preset) -> Drawn:
        """Return the one rendition of a preset that has one.

        Raises:
            CallerError: Nothing can be made of these bytes.
            RetryError: Something went wrong that is not the picture's.
        """
        ...

    def close(self) -> None:
        """End at once what is under way; every later call fails."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Args:
        image_id: Of what.
        key: Where it is stored.
        preset: The recipe, with one format.
    """

    image_id: ImageId
    key: str
    preset: Preset


class Workbench:
    """Fetches, has drawn, stores. Safe between threads.

    Args:
        fleet: The shards.
        spool: Folder originals are copied into; they have no name there.
    """

    def __init__(self, fleet: Fleet, *, spool: Path) -> None:
        self._fleet = fleet
        self._spool = spool
        self._puts = ThreadPoolExecutor(PUT_THREADS, thread_name_prefix="put")

    def draw(
        self, order: Order, topology: Topology, drawer: Drawer, *, last: Collection[str]
    ) -> Drawn | None:
        """Return what was made from the original; None when it is stored already.

        A private original may be used: nothing of its metadata is in what is made.

        Args:
            order: What to make.
            topology: Where things are.
            drawer: Makes it.
            last: Shards that are asked when all others had nothing.

        Raises:
            NotFoundError: There is no original.
            ShardsUnavailableError: Nobody can tell, or every copy is bad.
            ShoeboxError: As the drawer.
        """
        stores = self._readable(order, topology, last)
        if _is_stored(stores[: self._count(order, topology)], order.key):
            return None
        self._spool.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._spool) as file:
            original = Path(f"/proc/self/fd/{file.fileno()}")
            _fetch(stores, order.image_id, original)
            return drawer.draw(original, order.preset)

    def store(self, order: Order, topology: Topology, drawn: Drawn) -> None:
        """Store what was made where renditions of its image belong.

        Raises:
            ShardsUnavailableError: Not one position took it.
        """
        version = topology.places(order.image_id.version)[0]
        specs = write_order(topology, version, order.image_id.partition)
        label = Label(bytes_digest(drawn.data), drawn.content_type)
        count = version.rendition_replica_count
        try:
            quorum_write(
                stores=self._fleet.positions(topology, specs),
                key=order.key,
                source=drawn.data,
                label=label,
                wanted=count,
                quorum=count,
                executor=self._puts,
                breakers=self._fleet.breakers,
            )
        except QuorumMissedError as error:
            if not error.placed:
                raise
            # Enough to go on: it can always be made again, and a scrub brings it home.

    def is_deleted(self, order: Order, topology: Topology) -> bool:
        """Return whether a tombstone says that the image is deleted.

        To be asked after storing. An erasure writes tombstones before it asks every position what
        there is to remove: either one is seen here, or what was stored is seen there.
        """
        stores = self._readable(order, topology, ())
        buried = _records(stores, blob_key(order.image_id, TOMBSTONE), tombstone_load)
        if not buried:
            return False
        kept = _records(stores, blob_key(order.image_id, MANIFEST), manifest_load)
        return max(buried) > max(kept, default=Revision(0, 0))

    def discard(self, order: Order, topology: Topology) -> None:
        """Remove what was stored, wherever it is: its image was deleted meanwhile."""
        names = [s.name for s in _positions(order, topology)]
        taking = [name for name in names if topology.state(name).takes_records]
        delete_all(self._fleet.stores(topology, taking), order.key)

    def close(self) -> None:
        """End the threads once they have nothing to do."""
        self._puts.shutdown(wait=False, cancel_futures=True)

    def _readable(self, order: Order, topology: Topology, last: Collection[str]) -> list[BlobStore]:
        names = [spec.name for spec in _positions(order, topology)]
        readable = [name for name in names if topology.state(name).readable]
        return self._fleet.stores(topology, sorted(readable, key=lambda name: name in last))

    def _count(self, order: Order, topology: Topology) -> int:
        return topology.places(order.image_id.version)[0].rendition_replica_count


def _positions(order: Order, topology: Topology) -> list[ShardSpec]:
    return all_positions(topology, order.image_id.version, order.image_id.partition)


def _records(
    stores: Sequence[BlobStore], key: str, load: Callable[[bytes], Manifest | Tombstone]
) -> list[Revision]:
    """Return the revisions of a record that can be read anywhere."""

    def read(store: BlobStore) -> Revision | None:
        with store.open(key) as blob, suppress(MalformedRequestError):
            return load(blob.read()).revision if blob is not None else None
        return None

    found = ask_all(stores, read).given.values()
    return [revision for revision in found if revision is not None]


def _is_stored(stores: Sequence[BlobStore], key: str) -> bool:
    """Return whether somebody else was faster, as far as its homes can tell."""
    for store in stores:
        with suppress(ShardUnavailableError):
            stat = store.stat(key)
            if stat is not None and stat.label is not None:
                return True
    return False


def _fetch(stores: Sequence[BlobStore], image_id: ImageId, path: Path) -> None:
    """Copy the original, verified by its label, into a file."""
    failure: ShoeboxError = NotFoundError(id=str(image_id))
    for name in (ORIGINAL, PRIVATE):
        try:
            if copy_any(stores, blob_key(image_id, name), path):
                return
        except (ShardsUnavailableError, DigestMismatchError) as error:
            failure = ShardsUnavailableError(error.detail)
    raise failure
