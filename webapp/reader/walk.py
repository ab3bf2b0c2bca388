"""Walking the positions of a partition until one gives what is asked for.

Absent and "cannot tell" differ to the end: what no position has is absent only when too few
of them were silent to hide a copy that was acknowledged.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from webapp.core.errors import (
    DigestMismatchError,
    NotFoundError,
    ShardsUnavailableError,
    ShardUnavailableError,
)
from webapp.reader.first import OUTRUN, First
from webapp.reader.route import Got, Miss, Route
from webapp.storage.aio.guarded import GuardedReader

T = TypeVar("T")
Attempt = Callable[[GuardedReader], Awaitable[T | None]]
"""Gives what is asked for, None when absent; raises ShardUnavailableError when the shard
cannot tell and DigestMismatchError when its copy is bad."""


async def walk(
    route: Route, attempt: Attempt[T], *, discard: Callable[[T], Awaitable[object]] | None = None
) -> Got[T]:
    """Return what the first position has that has it.

    A position later than usual is not waited for alone: the next one is asked as well, and
    whoever is first gives the answer.

    Args:
        route: Whom to ask.
        attempt: Asks one position.
        discard: Takes what a position gave when another was quicker.

    Raises:
        NotFoundError: No position has it, and fewer than W could not answer.
        ShardsUnavailableError: No position gave it, and one that was silent may have it, or
            a copy is there and bad. Trying again helps once they are back or repaired.
    """
    misses: list[Miss] = []
    route.budget.earn()
    if route.in_order and (got := await _in_order(route, attempt, misses, discard)):
        return got
    if got := await _ask_rest(route, attempt, misses, discard):
        return got
    silent = route.silent + misses.count(Miss.SILENT)
    if silent >= route.quorum or Miss.BAD in misses:
        raise ShardsUnavailableError(silent=silent, bad=misses.count(Miss.BAD))
    raise NotFoundError


async def _in_order(
    route: Route,
    attempt: Attempt[T],
    misses: list[Miss],
    discard: Callable[[T], Awaitable[object]] | None,
) -> Got[T] | None:
    """Return what the quickest of the first positions has; None when none of them has it."""
    others = _Others(route, attempt, misses)
    outcome, asking = await First(
        route, lambda reader: _ask(route, reader, attempt), lambda: others.run(discard)
    ).run()
    if isinstance(outcome, Got):
        if asking:
            await _settle([asking], outcome, discard)
        return outcome
    if isinstance(outcome, Miss):
        misses.append(outcome)
    return await (asking or others.run(discard))


class _Others(Generic[T]):
    """Asks the positions after the first, each once the one before has nothing or is late."""

    def __init__(self, route: Route, attempt: Attempt[T], misses: list[Miss]) -> None:
        self._route = route
        self._attempt = attempt
        self._misses = misses
        self._asked: dict[asyncio.Task[Got[T] | Miss], GuardedReader] = {}
        self._got: Got[T] | None = None

    async def run(self, discard: Callable[[T], Awaitable[object]] | None) -> Got[T] | None:
        """Return what the quickest has; None when none of them has it."""
        readers = self._route.readers[1 : self._route.in_order]
        try:
            for reader in readers:
                self._start(reader)
                await self._until_next(reader, last=reader is readers[-1])
                if self._got:
                    break
        finally:
            await _settle(list(self._asked), self._got, discard)
        return self._got

    def _start(self, reader: GuardedReader) -> None:
        task = asyncio.create_task(_ask(self._route, reader, self._attempt))
        self._asked[task] = reader

    async def _until_next(self, newest: GuardedReader, *, last: bool) -> None:
        """Wait until somebody has it, or the next one is to be asked."""
        patience = None if last else newest.pace.hedge_after
        while self._asked and self._got is None:
            done, _ = await asyncio.wait(
                self._asked, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            if done:
                patience = None
            elif self._route.budget.allows(newest.pace):
                return
            # Else asked again in a while: others may have found out meanwhile that it is slow.
            if self._take(done, newest) and not last:
                return

    def _take(self, done: set["asyncio.Task[Got[T] | Miss]"], newest: GuardedReader) -> bool:
        """Note what came; return whether the newest has answered."""
        answered = False
        for task in [task for task in self._asked if task in done]:
            reader, outcome = self._asked[task], task.result()
            answered |= reader is newest
            if isinstance(outcome, Got) and self._got is None:
                self._got = outcome
                self._strike_slower(task)
            elif isinstance(outcome, Miss):
                self._misses.append(outcome)
                del self._asked[task]
        if self._got:
            self._asked = {task: r for task, r in self._asked.items() if r is not self._got.reader}
        return answered or self._got is not None

    def _strike_slower(self, quicker: "asyncio.Task[Got[T] | Miss]") -> None:
        """Note against those that were asked before and have not answered yet."""
        for task, reader in self._asked.items():
            if task is quicker:
                return
            if not task.done():
                reader.pace.strike()
                self._route.seen(reader.name, OUTRUN, reader.pace.hedge_after)


async def _ask(route: Route, reader: GuardedReader, attempt: Attempt[T]) -> Got[T] | Miss:
    started = time.perf_counter()
    outcome = await _outcome(route, reader, attempt)
    word = "found" if isinstance(outcome, Got) else outcome.value
    seconds = time.perf_counter() - started
    route.seen(reader.name, word, seconds)
    if outcome is Miss.BAD:
        reader.pace.strike()
    elif outcome is not Miss.SILENT:
        reader.pace.answered(seconds)
    return outcome


async def _outcome(route: Route, reader: GuardedReader, attempt: Attempt[T]) -> Got[T] | Miss:
    try:
        async with asyncio.timeout(route.patience):
            value = await attempt(reader)
    except TimeoutError:
        reader.failed(ShardUnavailableError(shard=reader.name, waited_seconds=route.patience))
        return Miss.SILENT
    except ShardUnavailableError:
        return Miss.SILENT
    except DigestMismatchError:
        return Miss.BAD
    return Miss.ABSENT if value is None else Got(value, reader)


async def _ask_rest(
    route: Route,
    attempt: Attempt[T],
    misses: list[Miss],
    discard: Callable[[T], Awaitable[object]] | None,
) -> Got[T] | None:
    """Ask the rest at the same time; add what failed to ``misses``."""
    rest = route.readers[route.in_order :]
    tasks = [asyncio.create_task(_ask(route, reader, attempt)) for reader in rest]
    got: Got[T] | None = None
    try:
        for task in asyncio.as_completed(tasks):
            outcome = await task
            if isinstance(outcome, Got):
                got = outcome
                return got
            misses.append(outcome)
    finally:
        await _settle(tasks, got, discard)
    return None


async def _settle(
    tasks: Sequence["asyncio.Task[Got[T] | Miss] | asyncio.Task[Got[T] | None]"],
    kept: Got[T] | None,
    discard: Callable[[T], Awaitable[object]] | None,
) -> None:
    """Stop those that are still asking, and give back what others got as well."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Got) and outcome is not kept and discard is not None:
            await discard(outcome.value)
