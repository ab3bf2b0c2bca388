"""The parts of a read process, put together once its event loop runs."""

import asyncio
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import structlog

from webapp.core.journal import Journal
from webapp.core.shards import ShardEntry, ShardState
from webapp.reader.access_log import FLUSH_SECONDS, AccessLog
from webapp.reader.at_hand import AtHand
from webapp.reader.cache import BlobCache
from webapp.reader.flights import Flights
from webapp.reader.follower import Follower, journal_kind, topology_kind
from webapp.reader.metrics import Metrics
from webapp.reader.noted import BadCopy, Noted
from webapp.reader.notes import NoteWriter
from webapp.reader.on_demand import OnDemand
from webapp.reader.on_the_way import OnTheWay
from webapp.reader.places import PlaceBook
from webapp.reader.poller import Poller
from webapp.reader.readiness import Readiness, readiness
from webapp.reader.reading import Reading
from webapp.reader.settings import ReaderSettings
from webapp.reader.shards import Shards
from webapp.reader.source import BlobSource, Found
from webapp.storage.aio.base import AsyncBlobReader
from webapp.storage.aio.guarded import GuardedReader
from webapp.storage.shared_cache import SharedCache

PURGE_SECONDS: Final = 0.5
UNHEARD_SECONDS: Final = 60.0
"""Less than an erased image is listed for at least."""
log = structlog.get_logger("webapp.reader")


class Maker(Protocol):
    """Makes readers of shards; webapp.storage.aio.make.ReaderMaker, and tests' own."""

    def bare(self, entry: ShardEntry) -> AsyncBlobReader:
        """Return a reader that believes whatever it finds."""
        ...

    def guarded(self, entry: ShardEntry) -> GuardedReader:
        """Return a reader that is believed only while it is the shard of ``entry``."""
        ...


class Parts:
    """Everything that lives as long as the process. Made and used on one event loop.

    Args:
        settings: What the process was told.
        maker: Makes readers of shards.
        access_log: Where requests are logged.
        clock: Seconds since 1970; tests bring their own.
    """

    def __init__(
        self,
        settings: ReaderSettings,
        *,
        maker: Maker,
        access_log: AccessLog,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.access_log = access_log
        self.metrics = Metrics()
        self.noted = Noted(self._bad_copy)
        self.cache = BlobCache(settings.cache_bytes, most=settings.cache_blob_bytes)
        self.on_the_way = OnTheWay(settings.sending_bytes)
        self.flights: Flights[Found] = Flights()
        self.shared = _shared_make(settings)
        self._purged: frozenset[str] = frozenset()
        self.shards = Shards(maker.guarded)
        self.topology = Follower(topology_kind(settings.keyring), accepted=self.shards.follow)
        self.notes = NoteWriter(
            topology=self.topology, shards=self.shards, counted=self.metrics.note
        )
        self.journal = Follower(journal_kind(settings.keyring), accepted=self._purge)
        self.seeds = [maker.bare(entry) for entry in seed_entries(settings.seed_shards)]
        self.poller = Poller(
            [(self.topology, settings.topology_file), (self.journal, settings.journal_file)],
            shards=self.shards,
            seeds=self.seeds,
            seconds=settings.poll_seconds,
        )
        self.source = self._source_make()
        self.on_demand = OnDemand(
            self.source,
            url=settings.render_url,
            keyring=settings.keyring,
            seconds=settings.render_wait_seconds,
            clock=clock,
        )
        self.reading = Reading(
            self.source,
            self.on_demand,
            self.poller,
            keyring=settings.keyring,
            unconfirmed_seconds=settings.unconfirmed_seconds,
            clock=clock,
        )
        self.closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._gauges()

    async def start(self) -> None:
        """Look for topology, journal and shards once, then go on doing so."""
        await self.poller.round()
        await self.shards.check_all()
        await self.poller.round()
        self._tasks = [
            asyncio.create_task(self.poller.run(), name="poller"),
            asyncio.create_task(self._flush(), name="access log"),
            asyncio.create_task(self._purge_shared(), name="purge"),
            asyncio.create_task(self.notes.run(), name="notes"),
        ]
        log.info("read service started", **self._state())

    async def stop(self) -> None:
        """End all work in the background and give back what shards hold."""
        self.closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.flights.aclose()
        await self.on_demand.aclose()
        await self.shards.aclose()
        if self.shared is not None:
            await self.shared.aclose()
        await asyncio.gather(*(seed.aclose() for seed in self.seeds))
        self.access_log.flush()
        log.info("read service stopped")

    def readiness(self) -> Readiness:
        """Return what is degraded."""
        return readiness(
            topology=self.topology,
            journal=self.journal,
            shards=self.shards,
            shared_away=self.shared is not None and self.shared.resting,
            closing=self.closing,
            render_away=self.on_demand.away,
        )

    def _bad_copy(self, copy: BadCopy) -> None:
        self.metrics.bad_copy(copy)
        self.notes.add(copy)

    def _purge(self, journal: Journal) -> None:
        if self.journal.age > UNHEARD_SECONDS:
            # Somebody may have been listed and taken off again meanwhile.
            self.cache.clear()
        self.cache.purge(journal.entries)

    def _source_make(self) -> BlobSource:
        places = PlaceBook(topology=self.topology, shards=self.shards, zone=self.settings.zone)
        at_hand = AtHand(
            places=places,
            journal=self.journal,
            cache=self.cache,
            under_way=self.flights.under_way,
            noted=self.noted,
            seen=self.metrics.positions.add,
        )
        return BlobSource(
            topology=self.topology,
            places=places,
            journal=self.journal,
            cache=self.cache,
            flights=self.flights,
            at_hand=at_hand,
            noted=self.noted,
            on_the_way=self.on_the_way,
            deadline=self.settings.deadline_seconds,
            seen=self.metrics.positions.add,
            shared=self.shared,
        )

    async def _purge_shared(self) -> None:
        """Have the shared cache forget what the journal lists, until it has."""
        while self.shared is not None:
            listed = frozenset(self.journal.value.entries)
            if (new := listed - self._purged) and await self.shared.purge(sorted(new)):
                self._purged |= new
            self._purged &= listed
            await asyncio.sleep(PURGE_SECONDS)

    def _gauges(self) -> None:
        gauge, cache, shards = self.metrics.gauge, self.cache, self.shards
        gauge("cache_bytes", "Bytes of memory blobs are kept in.", lambda: cache.used)
        gauge("cache_blobs", "Blobs in memory.", lambda: len(cache))
        on_the_way = self.on_the_way
        gauge(
            "sending_bytes",
            "Bytes of memory in pictures that clients are taking piece by piece.",
            lambda: on_the_way.bytes,
        )
        gauge("cache_evicted", "Blobs that left memory for others.", lambda: cache.evicted)
        gauge(
            "cache_hit_ratio",
            "Part of the blobs sent since the start that were in memory.",
            self.metrics.requests.hit_ratio,
        )
        gauge("reads_shared", "Requests that joined a read under way.", self._reads_shared)
        gauge(
            "shards_unreachable",
            "Shards that should be readable and are not.",
            lambda: len(shards.unreachable()),
        )
        shared = self.shared
        gauge(
            "shared_cache_hits",
            "Blobs the shared cache had.",
            lambda: shared.hits if shared else 0,
        )
        gauge(
            "shared_cache_misses",
            "Blobs it did not have, or not in time.",
            lambda: shared.misses if shared else 0,
        )
        gauge("shards_slow", "Shards that are asked last.", lambda: len(shards.slow()))
        gauge("hedged_reads", "Second reads for late first ones.", self._hedged)
        gauge(
            "topology_revision",
            "Revision of the topology known here.",
            lambda: self.topology.value.revision,
        )
        gauge(
            "topology_age_seconds",
            "Since a shard confirmed the topology.",
            lambda: self.topology.age,
        )
        gauge(
            "journal_age_seconds", "Since a shard confirmed the journal.", lambda: self.journal.age
        )
        gauge(
            "journal_entries",
            "Images the journal lists as deleted.",
            lambda: len(self.journal.value.entries),
        )

    def _reads_shared(self) -> float:
        return self.flights.joined

    def _hedged(self) -> float:
        return self.source.budget.spent

    def _state(self) -> Mapping[str, object]:
        return {
            "topology": self.topology.value.revision,
            "journal": list(self.journal.value.revision),
            "shards": [reader.name for reader in self.shards.all()],
            "unreachable": self.shards.unreachable(),
        }

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.access_log.flush()


def _shared_make(settings: ReaderSettings) -> SharedCache | None:
    if not settings.shared_cache_url:
        return None
    return SharedCache(
        settings.shared_cache_url,
        seconds=settings.shared_cache_seconds,
        most=settings.shared_cache_blob_bytes,
        ttl=settings.shared_cache_ttl,
    )


def seed_entries(seeds: Mapping[str, str]) -> list[ShardEntry]:
    """Return seeds as shards; their identity is unknown, so only signatures are believed."""
    nothing: Mapping[str, str] = MappingProxyType({})
    return [ShardEntry(name, url, ShardState.ACTIVE, "", nothing) for name, url in seeds.items()]
