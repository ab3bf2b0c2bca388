"""Where blobs come from: memory, then the positions of their image, one read for many."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from webapp.core.errors import (
    DigestMismatchError,
    NotFoundError,
    ShardsUnavailableError,
    ShardUnavailableError,
)
from webapp.core.ids import ImageId
from webapp.core.journal import Journal
from webapp.core.signing import bytes_digest
from webapp.core.topology import Topology
from webapp.reader.at_hand import AtHand
from webapp.reader.blobs import (
    WHOLE_BYTES,
    Blob,
    HeldBlob,
    LargeBlob,
    held_from_shared,
    type_served,
)
from webapp.reader.cache import BlobCache
from webapp.reader.flights import Flights
from webapp.reader.follower import Follower
from webapp.reader.noted import BadCopy, Noted
from webapp.reader.on_the_way import OnTheWay
from webapp.reader.places import PlaceBook
from webapp.reader.route import Got, Route
from webapp.reader.sending import WHOLE_SEND_BYTES
from webapp.reader.stream import BlobStream
from webapp.reader.walk import walk
from webapp.storage.aio.base import AsyncBlob
from webapp.storage.aio.guarded import GuardedReader
from webapp.storage.aio.pace import HedgeBudget
from webapp.storage.shared_cache import SharedCache

HASH_ON_LOOP_BYTES: Final = 1024 * 1024
"""More is hashed on a thread: it would hold up everybody else for milliseconds."""
MEMORY: Final = "memory"
SHARED: Final = "shared"
SHARD: Final = "shard"
T = TypeVar("T")


class Found(NamedTuple):
    """A blob, and where it was: in ``memory``, in the ``shared`` cache or on a ``shard``."""

    blob: Blob
    cache: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobSource:
    """Finds blobs.

    Args:
        topology: Says which versions there are.
        places: Say where.
        journal: Says what must not be kept.
        cache: What is in memory.
        flights: What is being read.
        at_hand: What takes no waiting.
        noted: Bad copies.
        on_the_way: Says whether slow clients hold much memory already.
        deadline: Seconds one blob may take.
        seen: Called for every position asked; see Route.
        budget: Of second reads.
        shared: What several processes keep together; None for nothing.
    """

    topology: Follower[Topology]
    places: PlaceBook
    journal: Follower[Journal]
    cache: BlobCache
    flights: Flights[Found]
    at_hand: AtHand
    noted: Noted
    on_the_way: OnTheWay
    deadline: float
    seen: Callable[[str, str, float], object]
    budget: HedgeBudget = field(default_factory=HedgeBudget)
    shared: SharedCache | None = None

    async def find(self, image_id: ImageId, key: str, *, keep: bool = True) -> Found:
        """Return a blob, verified if it is small enough to be held.

        Args:
            image_id: The image.
            key: Of the blob.
            keep: False for what changes: neither taken from memory nor left there.

        Raises:
            NotFoundError: It is nowhere.
            ShardsUnavailableError: Cannot tell, or only bad copies answered.
            UnknownVersionError: The topology known here does not have the image's version.
        """
        held = self.cache.get(key)
        if held is not None:
            return Found(held, MEMORY)
        large = self.cache.large(key)
        if large is not None and self._is_streamed(large.size):
            return Found(large, SHARD)
        if keep and (at_hand := self.at_hand.find(image_id, key)) is not None:
            return Found(at_hand[0], SHARD)
        return await self.flights.join(key, lambda: self._load(image_id, key, keep=keep))

    def keep(self, image_id: str, key: str, blob: Blob) -> None:
        """Leave a blob in memory, unless its image was deleted while it was read."""
        if image_id not in self.journal.value:
            self.cache.put(key, blob)

    async def has(self, image_id: ImageId, key: str) -> bool:
        """Return True when there is such a blob, without reading it.

        Raises:
            NotFoundError: There is none.
            ShardsUnavailableError: Cannot tell.
        """

        async def attempt(reader: GuardedReader) -> bool | None:
            opened = await reader.open(key)
            if opened is not None:
                await opened.aclose()
            return True if opened else None

        return (await self._walk(image_id, attempt)).value

    async def stream(self, image_id: ImageId, blob: LargeBlob, start: int, end: int) -> BlobStream:
        """Open bytes ``start`` to ``end`` of a large blob, for one reader alone.

        Raises:
            NotFoundError: It is gone.
            ShardsUnavailableError: Cannot tell, or only bad copies answered.
        """
        whole = start == 0 and end == blob.size

        async def attempt(reader: GuardedReader) -> AsyncBlob | None:
            self._refuse_noted(reader, blob.key)
            last = None if whole else end
            opened = await reader.open(blob.key, start=start, end=last, streamed=True)
            if opened is not None:
                await self._expect(reader, blob, opened)
            return opened

        try:
            got = await self._walk(image_id, attempt, discard=AsyncBlob.aclose)
        except (NotFoundError, ShardsUnavailableError):
            self.cache.forget(blob.key)  # it may have been made again, as other bytes
            raise
        return BlobStream(
            got.value,
            shard=got.reader.name,
            start=start,
            end=end,
            digest=blob.digest if whole else None,
            bad=lambda: self.noted.note(BadCopy(got.reader.name, blob.key, "digest")),
            failed=got.reader.failed,
        )

    def route(self, image_id: ImageId) -> Route:
        """Return whom to ask about an image, in which order.

        Raises:
            UnknownVersionError: The topology known here does not have its version.
        """
        places = self.places.find(image_id)
        readers, in_order = places.readers, places.homes
        if any(reader.pace.open for reader in readers):
            # Those that are slow of late come last, and are asked all the same.
            in_order = sum(not reader.pace.open for reader in readers[:in_order])
            readers = tuple(sorted(readers, key=lambda reader: reader.pace.open))
        return Route(
            readers,
            in_order=in_order,
            silent=places.silent,
            quorum=places.quorum,
            patience=self.deadline / (places.replica_count + 2),
            seen=self.seen,
            budget=self.budget,
        )

    async def _load(self, image_id: ImageId, key: str, *, keep: bool) -> Found:
        shared = await self._shared(self.shared, image_id, key) if keep and self.shared else None
        if shared is not None and not self._is_streamed(shared.size):
            self.keep(str(image_id), key, shared)
            return Found(shared, SHARED)
        got: Got[Blob] = await self._walk(image_id, lambda reader: self._attempt(reader, key))
        if keep:
            self.keep(str(image_id), key, got.value)
            self._share(image_id, key, got.value)
        return Found(got.value, SHARD)

    async def _shared(self, cache: SharedCache, image_id: ImageId, key: str) -> HeldBlob | None:
        found = await cache.get(str(image_id), key.rpartition("/")[2])
        return held_from_shared(key, *found) if found else None

    def _share(self, image_id: ImageId, key: str, blob: Blob) -> None:
        if self.shared is not None and isinstance(blob, HeldBlob):
            name, file = str(image_id), key.rpartition("/")[2]
            about = {
                "digest": bytes_digest(blob.body),
                "type": blob.content_type,
                "modified": str(blob.modified),
                "shard": blob.shard,
            }
            self.shared.put_soon(
                name, file, about, blob.body, wanted=lambda: name not in self.journal.value
            )

    async def _walk(
        self,
        image_id: ImageId,
        attempt: Callable[[GuardedReader], Awaitable[T | None]],
        *,
        discard: Callable[[T], Awaitable[object]] | None = None,
    ) -> Got[T]:
        ends, route = time.monotonic() + self.deadline, self.route(image_id)
        try:
            # No time-out around it: the steps of a walk end in time, each by the route's patience.
            return await walk(route, attempt, discard=discard)
        except ShardsUnavailableError as error:
            unavailable = error
        try:
            async with asyncio.timeout(ends - time.monotonic()):
                if not await _back(route):
                    raise unavailable
                return await walk(self.route(image_id), attempt, discard=discard)
        except TimeoutError:
            raise ShardsUnavailableError(waited_seconds=self.deadline) from None

    async def _attempt(self, reader: GuardedReader, key: str) -> Blob | None:
        self._refuse_noted(reader, key)
        opened, blob = await reader.open(key), None
        if opened is None:
            return None
        try:
            blob = await self._take(reader, key, opened)
        finally:
            if not isinstance(blob, HeldBlob):  # what was read to its end is closed
                await opened.aclose()
        return blob

    async def _take(self, reader: GuardedReader, key: str, opened: AsyncBlob) -> Blob:
        stat = opened.stat
        if stat.label is None:
            raise self._bad(reader, key, "label")
        served = type_served(stat.label.content_type)
        if self._is_streamed(stat.size):
            return LargeBlob(key, stat.size, stat.label.digest, served, stat.modified)
        try:
            body = await opened.read()
        except ShardUnavailableError as error:
            reader.failed(error)
            raise
        if await _digest(body) != stat.label.digest:
            raise self._bad(reader, key, "digest")
        return HeldBlob(key, body, served, stat.modified, reader.name)

    def _is_streamed(self, size: int) -> bool:
        return size > (WHOLE_SEND_BYTES if self.on_the_way.full else WHOLE_BYTES)

    async def _expect(self, reader: GuardedReader, blob: LargeBlob, opened: AsyncBlob) -> None:
        label = opened.stat.label
        if label and (label.digest, opened.stat.size) == (blob.digest, blob.size):
            return
        await opened.aclose()
        if label and label.digest != blob.digest:  # another one, and nothing says that it is bad
            raise DigestMismatchError(shard=reader.name, key=blob.key)
        raise self._bad(reader, blob.key, "label")

    def _refuse_noted(self, reader: GuardedReader, key: str) -> None:
        if self.noted.is_bad(reader.name, key):
            raise DigestMismatchError(shard=reader.name, key=key)

    def _bad(self, reader: GuardedReader, key: str, reason: str) -> DigestMismatchError:
        self.noted.note(BadCopy(reader.name, key, reason))
        return DigestMismatchError(shard=reader.name, key=key)


async def _back(route: Route) -> bool:
    """Return whether a shard that was away while it was asked is back.

    A process that got no processor for seconds takes shards for silent that were not, and then
    all of them together.
    """
    away = [reader for reader in route.readers if reader.problem is not None]
    return any(await asyncio.gather(*(reader.check_again() for reader in away)))


async def _digest(body: bytes) -> str:
    if len(body) <= HASH_ON_LOOP_BYTES:
        return bytes_digest(body)
    return await asyncio.to_thread(bytes_digest, body)
