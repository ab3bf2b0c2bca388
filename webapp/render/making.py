"""Making sizes: one at a time per drawer, few that wait, and each of them once."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final, TypeVar

from cachetools import TTLCache

from webapp.core.errors import (
    BusyError,
    DeletedError,
    MalformedRequestError,
    ShardsUnavailableError,
    ShoeboxError,
)
from webapp.core.journal import Journal
from webapp.core.on_demand import size_parse
from webapp.core.topology import Topology
from webapp.reader.flights import Flights
from webapp.reader.follower import Follower
from webapp.reader.names import Name
from webapp.reader.poller import Poller
from webapp.render.metrics import Metrics
from webapp.render.workbench import Drawer, Order, Workbench

HOPELESS_SECONDS: Final = 300.0
HOPELESS_MOST: Final = 10_000
STALE_SECONDS: Final = 60.0
T = TypeVar("T")


class Making:
    """Has sizes made, in the order they were asked for.

    Args:
        workbench: Fetches and stores.
        drawers: As many as sizes are made at a time.
        queue: How many more may wait.
        topology: Where things are.
        journal: What is deleted.
        poller: Looks for newer ones.
        unreachable: Names shards that are better not asked first.
        metrics: Told of everything.
    """

    def __init__(
        self,
        workbench: Workbench,
        drawers: Sequence[Drawer],
        *,
        queue: int,
        topology: Follower[Topology],
        journal: Follower[Journal],
        poller: Poller,
        unreachable: Callable[[], Collection[str]],
        metrics: Metrics,
    ) -> None:
        self._workbench = workbench
        self._drawers = [*drawers]
        self._idle = [*drawers]
        self._most = len(drawers) + queue
        self._turns = asyncio.Semaphore(len(drawers))
        self._threads = ThreadPoolExecutor(len(drawers), thread_name_prefix="render")
        self._topology = topology
        self._journal = journal
        self._poller = poller
        self._unreachable = unreachable
        self._metrics = metrics
        self._flights: Flights[None] = Flights()
        # What a decoder refused it refuses again: nobody should pay for that at every request.
        self._hopeless: TTLCache[str, ShoeboxError] = TTLCache(HOPELESS_MOST, HOPELESS_SECONDS)
        metrics.gauge("under_way", "Sizes being made or waiting.", lambda: len(self._flights))
        metrics.gauge("joined", "Requests that joined one under way.", lambda: self._flights.joined)

    async def make(self, name: Name) -> None:
        """Return once a size is stored; whoever asks for it meanwhile waits for the same.

        Args:
            name: Of a size on demand, asked for with a good signature.

        Raises:
            BusyError: As many wait as may.
            NotFoundError: There is no such image.
            DeletedError: It is deleted, or was meanwhile; nothing of it is left then.
            CallerError: Nothing can be made of the picture.
            RetryError: Nobody can tell, or something went wrong that is not the picture's.
        """
        if (known := self._hopeless.get(name.id)) is not None:
            raise type(known)(known.detail)
        if name.key not in self._flights and len(self._flights) >= self._most:
            self._metrics.refused.labels(BusyError.code).inc()
            raise BusyError("As many sizes are being made as may be.", waiting=len(self._flights))
        await self._flights.join(name.key, lambda: self._in_turn(name))

    async def aclose(self) -> None:
        """End what is under way; decoders are gone when this returns."""
        await self._flights.aclose()
        for drawer in self._drawers:
            drawer.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._workbench.close()

    async def _in_turn(self, name: Name) -> None:
        async with self._turns:
            drawer = self._idle.pop()
            try:
                await self._one(name, drawer)
            except ShoeboxError as error:
                self._metrics.refused.labels(error.code).inc()
                if error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
                    self._hopeless[name.id] = error
                raise
            finally:
                self._idle.append(drawer)

    async def _one(self, name: Name, drawer: Drawer) -> None:
        started = time.perf_counter()
        order = _order(name)
        topology = await self._topology_for(name)
        self._refuse_deleted(name)
        drawn = await self._thread(
            lambda: self._workbench.draw(order, topology, drawer, last=self._unreachable())
        )
        if drawn is None:
            return
        # It took a while: whoever was erased meanwhile must not come back.
        await self._poller.refresh()
        self._refuse_deleted(name)
        await self._thread(lambda: self._workbench.store(order, topology, drawn))
        deleted = await self._thread(lambda: self._workbench.is_deleted(order, topology))
        if deleted or name.id in self._journal.value:
            # An erasure is confirmed once more minutes later: what a slow shard takes after this
            # goes then.
            await self._thread(lambda: self._workbench.discard(order, topology))
            raise DeletedError(id=name.id)
        self._metrics.made.inc()
        self._metrics.seconds.observe(time.perf_counter() - started)

    async def _topology_for(self, name: Name) -> Topology:
        number = name.image_id.version
        if number not in self._topology.value.versions:
            await self._poller.refresh()
        if number not in self._topology.value.versions or self._journal.age > STALE_SECONDS:
            raise ShardsUnavailableError("Topology or deletions known here are out of date.")
        return self._topology.value

    def _refuse_deleted(self, name: Name) -> None:
        if name.id in self._journal.value:
            raise DeletedError(id=name.id)

    async def _thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _order(name: Name) -> Order:
    size = size_parse(name.preset)
    if size is None:
        raise MalformedRequestError(f"{name.preset!r} is no size.")
    return Order(name.image_id, name.key, size.preset(name.extension))
