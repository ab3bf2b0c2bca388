"""Blobs at hand: what the first position has in the kernel's memory, read in one step.

Most misses are for files that the kernel still knows. These take no task, no future and no
second look at anything: one read on the event loop, verified like any other.
"""

import time
from collections.abc import Callable, Container

from webapp.core.ids import ImageId
from webapp.core.journal import Journal
from webapp.core.placement import positions
from webapp.core.signing import bytes_digest
from webapp.core.topology import Topology
from webapp.reader.blobs import HeldBlob, image_of, type_served
from webapp.reader.cache import BlobCache
from webapp.reader.follower import Follower
from webapp.reader.noted import Noted
from webapp.reader.shards import Shards
from webapp.storage.aio.guarded import GuardedReader


class AtHand:
    """Finds blobs without waiting.

    Args:
        topology: Says where.
        journal: Says what must not be kept.
        shards: Who is asked.
        cache: Keeps what was found.
        flights: Keys of what is being read; whoever wants one of these joins that read.
        noted: Bad copies.
        zone: Zone asked first; empty for none.
        seen: Called for every position that had it; see Route.
    """

    def __init__(
        self,
        *,
        topology: Follower[Topology],
        journal: Follower[Journal],
        shards: Shards,
        cache: BlobCache,
        flights: Container[str],
        noted: Noted,
        zone: str,
        seen: Callable[[str, str, float], object],
    ) -> None:
        self._topology = topology
        self._journal = journal
        self._shards = shards
        self._cache = cache
        self._flights = flights
        self._noted = noted
        self._zone = zone
        self._seen = seen
        self._homes: dict[tuple[int, str], list[GuardedReader]] = {}
        self._homes_under: Topology | None = None

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
        for reader in self._readers(image_id):
            if not reader.pace.open:
                return reader
        return None

    def _readers(self, image_id: ImageId) -> list[GuardedReader]:
        """Return whom ``BlobSource.route`` would ask in turn, remembered for each partition."""
        topology = self._topology.value
        if topology is not self._homes_under:
            self._homes, self._homes_under = {}, topology
        place = image_id.version, image_id.random[:3]
        readers = self._homes.get(place)
        if readers is None:
            readers = self._homes[place] = self._find_readers(topology, image_id)
        return readers

    def _find_readers(self, topology: Topology, image_id: ImageId) -> list[GuardedReader]:
        version = topology.places(image_id.version)[0]
        homes = positions(version, image_id.partition)[: version.replica_count]
        near_first = sorted(homes, key=lambda spec: spec.zone != self._zone)
        found = [self._shards.get(spec.name) for spec in near_first]
        return [reader for reader in found if reader is not None]
