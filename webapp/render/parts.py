"""The parts of a render process, put together once its event loop runs."""

import asyncio
from collections.abc import Sequence

import structlog

from webapp.reader.follower import Follower, journal_kind, topology_kind
from webapp.reader.parts import Maker, seed_entries
from webapp.reader.poller import Poller
from webapp.reader.readiness import Readiness, readiness
from webapp.reader.shards import Shards
from webapp.render.making import Making
from webapp.render.metrics import Metrics
from webapp.render.settings import RenderSettings
from webapp.render.workbench import Drawer, Workbench
from webapp.storage.fleet import Fleet

log = structlog.get_logger(__name__)


class RenderParts:
    """Everything that lives as long as the process. Made and used on one event loop.

    It follows topology and journal as a read service does, by the same parts.

    Args:
        settings: What the process was told.
        maker: Makes readers of shards, for the documents.
        drawers: As many as sizes are made at a time.
    """

    def __init__(
        self, settings: RenderSettings, *, maker: Maker, drawers: Sequence[Drawer]
    ) -> None:
        told = settings.reader
        self.settings = settings
        self.metrics = Metrics()
        self.shards = Shards(maker.guarded)
        self.topology = Follower(topology_kind(told.keyring), accepted=self.shards.follow)
        self.journal = Follower(journal_kind(told.keyring))
        self.seeds = [maker.bare(entry) for entry in seed_entries(told.seed_shards)]
        self.poller = Poller(
            [(self.topology, told.topology_file), (self.journal, told.journal_file)],
            shards=self.shards,
            seeds=self.seeds,
            seconds=told.poll_seconds,
        )
        self.making = Making(
            Workbench(Fleet(told.shard_credentials), spool=settings.spool),
            drawers,
            queue=settings.queue,
            topology=self.topology,
            journal=self.journal,
            poller=self.poller,
            unreachable=self.shards.unreachable,
            metrics=self.metrics,
        )
        self.closing = False
        self._polling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look for topology, journal and shards once, then go on doing so."""
        await self.poller.round()
        await self.shards.check_all()
        await self.poller.round()
        self._polling = asyncio.create_task(self.poller.run(), name="poller")
        log.info("render process started", shards=[reader.name for reader in self.shards.all()])

    async def stop(self) -> None:
        """End all work, and the decoders."""
        self.closing = True
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        await self.making.aclose()
        await self.shards.aclose()
        await asyncio.gather(*(seed.aclose() for seed in self.seeds))
        log.info("render process stopped")

    def readiness(self) -> Readiness:
        """Return what is degraded."""
        return readiness(
            topology=self.topology,
            journal=self.journal,
            shards=self.shards,
            shared_away=False,
            closing=self.closing,
        )
