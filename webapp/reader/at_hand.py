"""Blobs at hand: what the first position has in the kernel's memory, read in one step.

Most misses are for files that the kernel still knows. These take no task, no future and no
second look at anything: one read on the event loop, verified like any other.
"""

import time
from collections.abc import Callable, Container

from webapp.core.ids import ImageId
from webapp.core.journal import Journal
from webapp.core.signing import bytes_digest
from webapp.reader.blobs import HeldBlob, image_of, type_served
from webapp.reader.cache import BlobCache
from webapp.reader.follower import Follower
from webapp.reader.noted import Noted
from webapp.reader.places import PlaceBook
from webapp.storage.aio.guarded import GuardedReader


class AtHand:
    """Finds blobs without waiting.

    Args:
        places: Say where.
        journal: Says what must not be kept.
        cache: Keeps what was found.
        under_way: Keys of what is being read; whoever wants one of these joins that read.
        noted: Bad copies.
        seen: Called for every position that had it; see Route.
    """

    def __init__(
        self,
        *,
        places: PlaceBook,
        journal: Follower[Journal],
        cache: BlobCache,
        under_way: Container[str],
        noted: Noted,
        seen: Callable[[str, str, float], object],
    ) -> None:
        self._places = places
        self._journal = journal
        self._cache = cache
        self._under_way = under_way
        self._noted = noted
        self._seen = seen

    def find(self, image_id: ImageId, key: str) -> tuple[HeldBlob, float] | None:
        """Return a blob whose first position has it at hand, and how many seconds that took.

        It stays in memory from then on.

        Returns:
            None for everything else, a bad copy included: the walk steps over that and notes it.

        Raises:
            UnknownVersionError: The topology known here does not have the image's version.
        """
        started = time.perf_counter()
        reader = self._first(image_id)
        if reader is None or key in self._under_way:
            return None
        found, shard = reader.open_warm(key), reader.name
        if found is None or (self._noted.any and self._noted.is_bad(shard, key)):
            return None
        label, modified, body = found
        if bytes_digest(body) != label.digest:
            return None
        blob = HeldBlob(key, body, type_served(label.content_type), modified, shard)
        if image_of(key) not in self._journal.value.entries:
            self._cache.put(key, blob)
        seconds = time.perf_counter() - started
        self._seen(shard, "found", seconds)
        return blob, seconds

    def _first(self, image_id: ImageId) -> GuardedReader | None:
        """Return whom ``BlobSource.route`` would ask first."""
        places = self._places.find(image_id)
        for reader in places.readers[: places.homes]:
            if not reader.pace.open:
                return reader
        return None
