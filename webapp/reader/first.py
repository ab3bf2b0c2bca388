"""Asking the first position: in the caller's own task, since mostly nobody else is asked.

A task of its own for each read, and waiting for a set of one, cost more than all else between a
request and its shard.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from webapp.reader.route import Got, Miss, Route
from webapp.storage.aio.guarded import GuardedReader

OUTRUN: Final = "outrun"
T = TypeVar("T")
Ask = Callable[[GuardedReader], Awaitable[Got[T] | Miss]]
Rescue = Callable[[], Awaitable[Got[T] | None]]


class First(Generic[T]):
    """One read of the first position, and others beside it once it is late.

    Args:
        route: Its first reader is asked here.
        ask: Asks one position.
        rescue: Asks the other positions; called once, when the first is late.
    """

    def __init__(self, route: Route, ask: Ask[T], rescue: Rescue[T]) -> None:
        self._route = route
        self._reader = route.readers[0]
        self._ask = ask
        self._rescue = rescue
        self._late: asyncio.TimerHandle | None = None
        self._others: asyncio.Task[Got[T] | None] | None = None
        self._task: asyncio.Task[object] | None = None
        self._outrun = False

    async def run(self) -> tuple[Got[T] | Miss | None, "asyncio.Task[Got[T] | None] | None"]:
        """Return what the first position gave, and the task that asks the others, if any.

        None instead of the first, when another was quicker: the task has ended then.
        """
        self._task = asyncio.current_task()
        self._wait()
        try:
            outcome = await self._ask(self._reader)
        except asyncio.CancelledError:
            if not self._outrun or self._task is None:
                await self._give_up()
                raise
            self._task.uncancel()
            return None, self._others
        except BaseException:
            await self._give_up()
            raise
        finally:
            self._task = None
            if self._late is not None:
                self._late.cancel()
        return outcome, self._others

    def _wait(self) -> None:
        if self._route.in_order > 1:
            loop = asyncio.get_running_loop()
            self._late = loop.call_later(self._reader.pace.hedge_after, self._is_late)

    def _is_late(self) -> None:
        if not self._route.budget.allows(self._reader.pace):
            self._wait()  # others may find out meanwhile that the shard is slow
            return
        self._others = asyncio.create_task(_run(self._rescue))
        self._others.add_done_callback(self._ended)

    def _ended(self, others: "asyncio.Task[Got[T] | None]") -> None:
        """Stop waiting for the first: another position gave it."""
        if self._task is None or others.cancelled() or others.exception() or not others.result():
            return
        self._outrun = True
        self._reader.pace.strike()
        self._route.seen(self._reader.name, OUTRUN, self._reader.pace.hedge_after)
        self._task.cancel()

    async def _give_up(self) -> None:
        if self._others is not None:
            self._others.cancel()
            await asyncio.gather(self._others, return_exceptions=True)


async def _run(rescue: Rescue[T]) -> Got[T] | None:
    return await rescue()
