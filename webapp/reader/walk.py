"""Walking the positions of a partition until one gives what is asked for.

Absent and "cannot tell" differ to the end: what no position has is absent only when too few
of them were silent to hide a copy that was acknowledged.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from webapp.core.errors import (
    DigestMismatchError,
    NotFoundError,
    ShardsUnavailableError,
    ShardUnavailableError,
)
from webapp.storage.aio.guarded import GuardedReader

T = TypeVar("T")
Attempt = Callable[[GuardedReader], Awaitable[T | None]]
"""Gives what is asked for, None when absent; raises ShardUnavailableError when the shard
cannot tell and DigestMismatchError when its copy is bad."""


@dataclass(frozen=True, slots=True)
class Route:
    """Whom to ask, in which order.

    Args:
        readers: Of the positions that may be read, best first.
        in_order: How many are asked one after the other; the rest at the same time.
        silent: Positions that cannot be asked at all: down, dead, unknown.
        quorum: W: with so many silent positions a copy may hide.
        patience: Seconds for one position, so that one that hangs leaves time for others.
        seen: Called with the shard, ``found``, ``absent``, ``silent`` or ``bad``, and the
            seconds it took.
    """

    readers: Sequence[GuardedReader]
    in_order: int
    silent: int
    quorum: int
    patience: float
    seen: Callable[[str, str, float], object]


class _Miss(Enum):
    ABSENT = "absent"
    SILENT = "silent"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Got(Generic[T]):
    """What a position gave."""

    value: T
    reader: GuardedReader


async def walk(
    route: Route, attempt: Attempt[T], *, discard: Callable[[T], Awaitable[object]] | None = None
) -> Got[T]:
    """Return what the first position has that has it.

    Args:
        route: Whom to ask.
        attempt: Asks one position.
        discard: Takes what a position gave when another was quicker.

    Raises:
        NotFoundError: No position has it, and fewer than W could not answer.
        ShardsUnavailableError: No position gave it, and one that was silent may have it, or
            a copy is there and bad. Trying again helps once they are back or repaired.
    """
    misses: list[_Miss] = []
    for reader in route.readers[: route.in_order]:
        outcome = await _ask(route, reader, attempt)
        if isinstance(outcome, Got):
            return outcome
        misses.append(outcome)
    if got := await _ask_rest(route, attempt, misses, discard):
        return got
    silent = route.silent + misses.count(_Miss.SILENT)
    if silent >= route.quorum or _Miss.BAD in misses:
        raise ShardsUnavailableError(silent=silent, bad=misses.count(_Miss.BAD))
    raise NotFoundError


async def _ask(route: Route, reader: GuardedReader, attempt: Attempt[T]) -> Got[T] | _Miss:
    started = time.perf_counter()
    outcome = await _outcome(route, reader, attempt)
    word = "found" if isinstance(outcome, Got) else outcome.value
    route.seen(reader.name, word, time.perf_counter() - started)
    return outcome


async def _outcome(route: Route, reader: GuardedReader, attempt: Attempt[T]) -> Got[T] | _Miss:
    try:
        async with asyncio.timeout(route.patience):
            value = await attempt(reader)
    except TimeoutError:
        reader.failed(ShardUnavailableError(shard=reader.name, waited_seconds=route.patience))
        return _Miss.SILENT
    except ShardUnavailableError:
        return _Miss.SILENT
    except DigestMismatchError:
        return _Miss.BAD
    return _Miss.ABSENT if value is None else Got(value, reader)


async def _ask_rest(
    route: Route,
    attempt: Attempt[T],
    misses: list[_Miss],
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
    tasks: Sequence["asyncio.Task[Got[T] | _Miss]"],
    kept: Got[T] | None,
    discard: Callable[[T], Awaitable[object]] | None,
) -> None:
    """Stop those that are still asking, and give back what others got as well."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Got) and outcome is not kept and discard is not None:
            await discard(outcome.value)
