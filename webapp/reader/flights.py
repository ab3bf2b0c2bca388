"""Flights: many who ask for the same thing at the same time cost one read."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, TypeVar

from webapp.core.errors import ShardsUnavailableError

T = TypeVar("T")


class Flights(Generic[T]):
    """Runs at most one job per key; everybody else waits for its outcome.

    A job belongs to nobody: a client that goes away neither stops it nor fails the others.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, asyncio.Task[T]] = {}
        self._waiting: dict[str, list[asyncio.Future[T]]] = {}
        self.under_way: Mapping[str, object] = self._jobs
        """Jobs by key."""
        self.joined = 0
        """How often somebody found a job under way."""

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, key: object) -> bool:
        return key in self._jobs

    async def join(self, key: str, job: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the outcome of the job under way for ``key``, started if there is none.

        The job must end by itself; exceptions reach everybody who waits.

        Raises:
            ShardsUnavailableError: This process ends; another one may have the answer.
        """
        if key in self._jobs:
            self.joined += 1
        else:
            self._waiting[key] = []
            self._jobs[key] = task = asyncio.create_task(job(), name=f"flight {key}")
            task.add_done_callback(lambda done: self._landed(key, done))
        # A future each, cheaper than a shield: who goes away cancels no more than that.
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[key].append(waiter)
        return await waiter

    async def aclose(self) -> None:
        """Stop all jobs."""
        tasks = list(self._jobs.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: str, task: asyncio.Task[T]) -> None:
        del self._jobs[key]
        # Read here too: perhaps nobody waits any longer.
        cancelled = task.cancelled()
        error = ShardsUnavailableError(closing=True) if cancelled else task.exception()
        for waiter in self._waiting.pop(key):
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(task.result())
            else:
                waiter.set_exception(error)
