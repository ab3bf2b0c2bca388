"""Renditions on the shards: fetching what they are made of, storing what was made."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from webapp.cluster.clock import index_now
from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import Stores, breakers, executor
from webapp.core.label import Label
from webapp.core.manifest import RenditionRecord
from webapp.images.copies import Placement, fetched, original_name
from webapp.images.models import Image
from webapp.images.nearness import first_write_count, near_first
from webapp.images.services.outcome import SHORTFALL_LOOK, Outcome
from webapp.images.services.repair import image_look_again
from webapp.images.services.replicate import renditions_settle
from webapp.storage.base import Whole
from webapp.storage.per_process import PerProcess
from webapp.storage.quorum import QuorumMissedError, QuorumWrite, quorum_write

PARALLEL = 4
_threads = PerProcess(lambda: ThreadPoolExecutor(PARALLEL, thread_name_prefix="rendition"))


def original_fetched(*, image: Image) -> AbstractContextManager[Path]:
    """Give a verified local copy of an image's original, gone again afterwards.

    Raises:
        NotFoundError, ShardsUnavailableError, DigestMismatchError: As ``fetched``.
    """
    placement = Placement.of(image.image_id, topology_now())
    return fetched(placement, original_name(image), image.digest)


@dataclass(frozen=True, slots=True)
class _Homes:
    """Where the renditions of an image go, looked up once for all of them."""

    placement: Placement
    names: frozenset[str]
    wanted: int
    stores: Stores

    @classmethod
    def of(cls, image: Image) -> "_Homes":
        placement = Placement.of(image.image_id, topology_now())
        wanted = placement.version.rendition_replica_count
        names = frozenset(placement.home_names()[:wanted])
        return cls(placement, names, wanted, near_first(placement.writable(), homes=wanted))


@dataclass(frozen=True, slots=True)
class _Stored:
    name: str
    record: RenditionRecord
    at_home: bool
    may_stand_in: bool
    """Whether a shard that is not its home may still take it, unheard."""


class RenditionPuts:
    """Renditions of one image on their way to its homes; made by ``renditions_storing``.

    Args:
        image: The row the attempt was begun with.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._homes: _Homes | None = None
        self._puts: dict[str, Future[_Stored]] = {}

    def put(self, name: str, data: bytes, content_type: str) -> None:
        """Begin to store a rendition, ``preset.ext``, while others are still made.

        One that is noted already is left alone: its bytes are in caches all over the web.
        """
        if name in self._image.renditions:
            return
        if self._homes is None:  # no earlier: the topology may change while it is decoded
            self._homes = _Homes.of(self._image)
        self._puts[name] = _threads.get().submit(_store, self._homes, name, data, content_type)

    def wait(self) -> None:
        """Return once none is on its way any more, stored or not."""
        wait(self._puts.values())

    def finish(self, *, placeholder: str = "", colour: str = "") -> int:
        """Wait until all are stored, note them, and make the image ready.

        Args:
            placeholder: What to show while it loads; empty: as it was noted before.
            colour: The colour most of it has; empty: as it was noted before.

        Returns:
            How many were stored.

        Raises:
            ShardsUnavailableError: A rendition found no position at all; nothing was noted.
        """
        image, stored = self._image, [put.result() for put in self._puts.values()]
        look = {"placeholder": placeholder, "colour": colour} if placeholder else {}
        records = {item.name: item.record for item in stored}
        complete = all(item.at_home for item in stored)
        renditions_settle(image=image, records=records, look=look, complete=complete)
        if any(item.may_stand_in for item in stored):
            # It may land when all this is over.
            image_look_again(image_id=image.id, moment=index_now() + SHORTFALL_LOOK)
        return len(stored)


@contextmanager
def renditions_storing(*, image: Image) -> Iterator[RenditionPuts]:
    """Let renditions of an image be stored one by one, as they are made.

    What was stored and is not noted in the end, because the others could not be made, does no
    harm: the same bytes are written there again.
    """
    puts = RenditionPuts(image)
    try:
        yield puts
    finally:
        puts.wait()


def renditions_store(
    *,
    image: Image,
    blobs: Mapping[str, tuple[bytes, str]],
    placeholder: str = "",
    colour: str = "",
) -> Outcome:
    """Store the renditions an image lacks on their homes, note them, and make it ready.

    Args:
        image: The row the attempt was begun with.
        blobs: ``preset.ext`` → bytes and content type.
        placeholder: What to show while it loads; empty: as it was noted before.
        colour: The colour most of it has; empty: as it was noted before.

    Raises:
        ShardsUnavailableError: A rendition found no position at all; nothing was noted.
    """
    with renditions_storing(image=image) as puts:
        for name, (data, content_type) in blobs.items():
            puts.put(name, data, content_type)
        puts.finish(placeholder=placeholder, colour=colour)
    return Outcome.DONE


def _store(homes: _Homes, name: str, data: bytes, content_type: str) -> _Stored:
    whole, placement, wanted = Whole.of(data), homes.placement, homes.wanted
    try:
        written: QuorumWrite | QuorumMissedError = quorum_write(
            stores=homes.stores,
            key=placement.key(name),
            source=whole,
            label=Label(whole.digest, content_type),
            wanted=wanted,
            quorum=wanted,
            executor=executor(),
            breakers=breakers(),
        )
    except QuorumMissedError as error:
        if not error.placed:
            raise
        written = error  # enough to go on: a rendition can always be made again
    first_write_count(written.placed[0].shard_name, placement.positions())
    held = {position.shard_name for position in written.placed}
    record = RenditionRecord(whole.digest, len(data))
    # A home that was slow may have taken it after another shard was asked: a copy too many.
    return _Stored(name, record, held == homes.names, bool(written.late - homes.names))
