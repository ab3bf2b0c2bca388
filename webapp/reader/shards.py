"""The shards of a read process: one guarded reader each, checked in the background."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog

from webapp.core.errors import ConfigurationError, ShardUnavailableError
from webapp.core.shards import ShardEntry
from webapp.core.topology import Topology
from webapp.storage.aio.guarded import RETRY_SECONDS, GuardedReader

RETIRE_SECONDS: Final = 60.0
"""How long a reader outlives its shard's address, for reads that are under way."""
log = structlog.get_logger("webapp.reader")


class Shards:
    """Guarded readers by shard name, following the topology. Lives on one event loop.

    Args:
        make: Makes the reader of a shard; raises ConfigurationError when it cannot.
    """

    def __init__(self, make: Callable[[ShardEntry], GuardedReader]) -> None:
        self._make = make
        self._entries: dict[str, ShardEntry] = {}
        self._readers: dict[str, GuardedReader] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._retiring: set[asyncio.Task[None]] = set()

    def follow(self, topology: Topology) -> None:
        """Have a reader for every readable shard of a topology, and for no other."""
        wanted = {e.name: e for e in topology.shards.values() if e.state.readable}
        for name, entry in list(self._entries.items()):
            if name not in wanted or not _same_place(entry, wanted[name]):
                self._retire(name)
        for name, entry in wanted.items():
            if name not in self._entries:
                self._admit(entry)

    def get(self, name: str) -> GuardedReader | None:
        """Return the reader of a shard; None when it may not or cannot be read."""
        return self._readers.get(name)

    def all(self) -> list[GuardedReader]:
        """Return all readers, by name of the shard."""
        return [self._readers[name] for name in sorted(self._readers)]

    def reachable(self) -> list[str]:
        """Return the shards that are themselves as far as anybody knows."""
        return [reader.name for reader in self.all() if reader.problem is None]

    def unreachable(self) -> dict[str, str]:
        """Return the shards that should be readable and are not, each with a reason."""
        silent = {name: r.problem.title for name, r in self._readers.items() if r.problem}
        unknown = {n: "Wrong configuration" for n in self._entries if n not in self._readers}
        return dict(sorted({**silent, **unknown}.items()))

    def slow(self) -> list[str]:
        """Return the shards that are asked last, because others were quicker or right."""
        return [reader.name for reader in self.all() if reader.pace.open]

    async def check_all(self) -> None:
        """Ask every shard who it is, all at the same time."""
        await asyncio.gather(*(reader.check() for reader in self._readers.values()))

    async def aclose(self) -> None:
        """Stop all checks and give back what the shards hold."""
        tasks = [*self._watches.values(), *self._retiring]
        await _cancel(tasks)
        await asyncio.gather(*(reader.aclose() for reader in self._readers.values()))
        self._readers.clear()

    def _admit(self, entry: ShardEntry) -> None:
        self._entries[entry.name] = entry
        try:
            reader = self._make(entry)
        except ConfigurationError as error:
            log.warning("shard not readable here", shard=entry.name, detail=error.detail)
            return
        self._readers[entry.name] = reader
        self._watches[entry.name] = asyncio.create_task(_watch(reader), name=f"watch {entry.name}")

    def _retire(self, name: str) -> None:
        del self._entries[name]
        reader, watch = self._readers.pop(name, None), self._watches.pop(name, None)
        if watch is not None:
            watch.cancel()
        if reader is not None:
            task = asyncio.create_task(_close_later(reader))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)


async def _watch(reader: GuardedReader) -> None:
    """Keep the check of one shard fresh; look at once when a read failed."""
    reached = True
    while True:
        await reader.check()
        problem = reader.problem
        if (problem is None) != reached:
            reached = problem is None
            _say(reader.name, problem)
        if problem is not None:
            await asyncio.sleep(RETRY_SECONDS)
            continue
        try:
            async with asyncio.timeout(reader.fresh_for / 2):
                await reader.suspected.wait()
        except TimeoutError:
            continue


def _say(name: str, problem: ShardUnavailableError | None) -> None:
    if problem is None:
        log.info("shard reachable", shard=name)
    else:
        log.warning("shard unreachable", shard=name, detail=problem.detail)


async def _close_later(reader: GuardedReader) -> None:
    try:
        await asyncio.sleep(RETIRE_SECONDS)
    finally:
        await reader.aclose()


async def _cancel(tasks: Iterable[Awaitable[None]]) -> None:
    pending = [task for task in tasks if isinstance(task, asyncio.Task)]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


def _same_place(one: ShardEntry, other: ShardEntry) -> bool:
    return (one.url, one.identity, dict(one.options)) == (
        other.url,
        other.identity,
        dict(other.options),
    )
