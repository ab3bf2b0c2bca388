"""Flights: many who ask for the same thing at the same time cost one read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from webapp.core.errors import ShardsUnavailableError

T = TypeVar("T")


class Flights(Generic[T]):
    """Runs at most one job per key; everybody else waits for its outcome.

    A job belongs to nobody: a client that goes away neither stops it nor fails the others.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, asyncio.Task[T]] = {}
        self.under_way: Mapping[str, asyncio.Task[T]] = self._jobs
        """Jobs by key."""
        self.joined = 0
        """How often somebody found a job under way."""

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, key: object) -> bool:
        return key in self._jobs

    async def join(self, key: str, job: Callable[[], Awaitable[T]]) -> T:
        """Return the outcome of the job under way for ``key``, started if there is none.

        The job must end by itself; exceptions reach everybody who waits.

        Raises:
            ShardsUnavailableError: This process ends; another one may have the answer.
        """
        task = self._jobs.get(key)
        if task is None:
            task = asyncio.create_task(_run(job), name=f"flight {key}")
            self._jobs[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        else:
            self.joined += 1
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise ShardsUnavailableError(closing=True) from None
            raise

    async def aclose(self) -> None:
        """Stop all jobs."""
        tasks = list(self._jobs.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: str, task: asyncio.Task[T]) -> None:
        del self._jobs[key]
        if not task.cancelled():
            task.exception()  # read here too: perhaps nobody waits any longer


async def _run(job: Callable[[], Awaitable[T]]) -> T:
    return await job()
