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
        flights: Keys of what is being read; whoever wants one of these joins that read.
        noted: Bad copies.
        seen: Called for every position that had it; see Route.
    """

    def __init__(
        self,
        *,
        places: PlaceBook,
        journal: Follower[Journal],
        cache: BlobCache,
        flights: Container[str],
        noted: Noted,
        seen: Callable[[str, str, float], object],
    ) -> None:
        self._places = places
        self._journal = journal
        self._cache = cache
        self._flights = flights
        self._noted = noted
        self._seen = seen

    def find(self, image_id: ImageId, key: str) -> HeldBlob | None:
        """Return a blob whose first position has it at hand; it stays in memory from then on.

        Returns:
            None for everything else, a bad copy included: the walk steps over that and notes it.

        Raises:
            UnknownVersionError: The topology known here does not have the image's version.
        """
        started = time.perf_counter()
        reader = self._first(image_id)
        if reader is None or key in self._flights:
            return None
        found = reader.open_warm(key)
        if found is None or self._noted.is_bad(reader.name, key):
            return None
        label, modified, body = found
        if bytes_digest(body) != label.digest:
            return None
        blob = HeldBlob(key, body, type_served(label.content_type), modified, reader.name)
        if image_of(key) not in self._journal.value:
            self._cache.put(key, blob)
        self._seen(reader.name, "found", time.perf_counter() - started)
        return blob

    def _first(self, image_id: ImageId) -> GuardedReader | None:
        """Return whom ``BlobSource.route`` would ask first."""
        places = self._places.find(image_id)
        for reader in places.readers[: places.homes]:
            if not reader.pace.open:
                return reader
        return None
