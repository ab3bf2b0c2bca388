"""The poller: looks for newer topologies and journals in local files and on shards."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from webapp.core.errors import ConfigurationError, ShardUnavailableError
from webapp.reader.follower import Follower, Offer
from webapp.reader.shards import Shards
from webapp.storage.aio.base import AsyncBlobReader
from webapp.storage.documents import file_publish, file_read

FEWEST_PER_ROUND: Final = 2
MOST_PER_ROUND: Final = 8
REFRESH_SECONDS: Final = 1.0
"""At most one look out of turn in so long, however many unknown names come."""
log = structlog.get_logger("webapp.reader")


class Poller:
    """Keeps followers up to date, and their last good copies on disk.

    Args:
        followers: The documents, each with its local file.
        shards: Asked in turn: half of them a round, so that two rounds see them all.
        seeds: Asked while no known shard answers; signatures are all they are trusted by.
        seconds: Between rounds.
    """

    def __init__(
        self,
        followers: Sequence[tuple[Follower[Any], Path]],
        *,
        shards: Shards,
        seeds: Sequence[AsyncBlobReader] = (),
        seconds: float,
    ) -> None:
        self._followers = followers
        self._shards = shards
        self._seeds = seeds
        self._seconds = seconds
        self._turn = 0
        self._refreshing: asyncio.Task[None] | None = None
        self._refreshed = float("-inf")

    async def run(self) -> None:
        """Look again and again until cancelled; no round may end it."""
        while True:
            started = time.monotonic()
            try:
                await self.round()
            except Exception:
                log.exception("poll failed")
            await asyncio.sleep(max(0.0, started + self._seconds - time.monotonic()))

    async def round(self) -> None:
        """Look once, into the files and onto the shards whose turn it is."""
        await self._look(self._whose_turn)

    async def refresh(self) -> None:
        """Look now, onto all shards. Whoever asks meanwhile shares the look.

        Within a second of the last such look nothing is done: names with made-up versions
        must not become load.
        """
        if self._refreshing is None or self._refreshing.done():
            if time.monotonic() - self._refreshed < REFRESH_SECONDS:
                return
            self._refreshed = time.monotonic()
            self._refreshing = asyncio.create_task(self._look(self._everybody))
        await asyncio.shield(self._refreshing)

    async def _look(self, choose: Callable[[], Sequence[AsyncBlobReader]]) -> None:
        from_files = [await self._look_file(f, path) for f, path in self._followers]
        # Chosen only now: the file may have named the shards.
        await asyncio.gather(*(self._look_shard(reader) for reader in choose()))
        for (follower, path), offered in zip(self._followers, from_files, strict=True):
            await _keep(follower, path, offered)

    async def _look_file(self, follower: Follower[Any], path: Path) -> bytes | None:
        try:
            data = await asyncio.to_thread(file_read, path)
        except ConfigurationError as error:
            log.warning("local copy unreadable", detail=error.detail)
            return None
        if data is not None:
            follower.offer(data, source=path.name)
        return data

    async def _look_shard(self, reader: AsyncBlobReader) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                for follower, _ in self._followers:
                    await _look_at(reader, follower)
        except (ShardUnavailableError, TimeoutError):
            return  # whoever watches the shard says so

    def _everybody(self) -> Sequence[AsyncBlobReader]:
        known = self._shards.all()
        # Seeds also help a process whose topology is so old that every shard has moved.
        return known if self._shards.reachable() else [*known, *self._seeds]

    def _whose_turn(self) -> Sequence[AsyncBlobReader]:
        everybody = self._everybody()
        count = min(max(FEWEST_PER_ROUND, (len(everybody) + 1) // 2), MOST_PER_ROUND)
        if len(everybody) <= count:
            return everybody
        start, self._turn = self._turn % len(everybody), self._turn + count
        return [*everybody[start:], *everybody[:start]][:count]


async def _look_at(reader: AsyncBlobReader, follower: Follower[Any]) -> None:
    """Offer a follower what one shard has, and confirm it when that is what is known."""
    blob = await reader.open(follower.kind.key)
    if blob is None:
        if follower.data is None:
            follower.confirm()  # none was ever published, so what is known is all there is
        return
    label = blob.stat.label
    if label is not None and follower.knows(label.digest):
        await blob.aclose()
        follower.confirm()
        return
    offer = follower.offer(await blob.read(), source=reader.name)
    if offer in {Offer.NEWER, Offer.SAME}:
        follower.confirm()


async def _keep(follower: Follower[Any], path: Path, on_file: bytes | None) -> None:
    """Write the accepted copy where the file has none or an older one.

    A file that is refused stays: it may be newer than the keys this process knows.
    """
    if follower.data is None or on_file == follower.data:
        return
    if on_file is not None and follower.offer(on_file, source=path.name) is not Offer.OLDER:
        return
    try:
        await asyncio.to_thread(file_publish, path, follower.data)
    except ConfigurationError as error:
        log.warning("local copy not kept", detail=error.detail)
