"""One question to several shards at once, within a bounded time."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import Generic, TypeVar

from webapp.core.errors import ShardUnavailableError, ShoeboxError
from webapp.storage.base import BlobStat, BlobStore
from webapp.storage.per_process import PerProcess

WITHIN_SECONDS = 5.0
THREADS = 1000
"""More than are ever needed, so that no question waits for one to a shard that hangs."""
T = TypeVar("T")
_log = logging.getLogger(__name__)
# Kept: to start a thread takes as long as many an answer does when others use the processor.
_threads = PerProcess(lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="ask"))


@dataclass(frozen=True, slots=True)
class Answers(Generic[T]):
    """What shards said.

    Args:
        given: Answers by the shard's name, in the order the shards were asked.
        silent: Why a shard gave none, by its name; says nothing about what it holds.
    """

    given: dict[str, T]
    silent: dict[str, ShoeboxError]


def ask_all(
    stores: Sequence[BlobStore],
    ask: Callable[[BlobStore], T],
    *,
    within: float = WITHIN_SECONDS,
) -> Answers[T]:
    """Ask every store at the same time and return what came within ``within`` seconds.

    A question that is still under way then goes on by itself: a write may arrive later, and
    its failure is logged.

    Raises:
        Exception: Whatever ``ask`` raises that is not an error of Shoebox: a defect.
    """
    if not stores:
        return Answers({}, {})
    threads = _threads.get()
    futures = {store.name: threads.submit(ask, store) for store in stores}
    wait_for(futures.values(), timeout=within)
    given: dict[str, T] = {}
    silent: dict[str, ShoeboxError] = {}
    for name, future in futures.items():
        _sort(name, future, within=within, given=given, silent=silent)
    return Answers(given, silent)


def stat_all(
    stores: Sequence[BlobStore], key: str, *, within: float = WITHIN_SECONDS
) -> Answers[BlobStat | None]:
    """Return what each shard says of one blob; None from those that lack it."""
    return ask_all(stores, lambda store: store.stat(key), within=within)


def delete_all(
    stores: Sequence[BlobStore], key: str, *, within: float = WITHIN_SECONDS
) -> Answers[None]:
    """Remove one blob everywhere; the shards in ``silent`` may still have it."""
    return ask_all(stores, lambda store: store.delete(key), within=within)


def _sort(
    name: str,
    future: Future[T],
    *,
    within: float,
    given: dict[str, T],
    silent: dict[str, ShoeboxError],
) -> None:
    if not future.done():
        future.add_done_callback(_log_late)
        silent[name] = ShardUnavailableError(
            f"Shard {name!r} gave no answer within {within:g} s.", shard=name
        )
        return
    try:
        given[name] = future.result()
    except ShoeboxError as error:
        silent[name] = error


def _log_late(future: Future[T]) -> None:
    error = future.exception()
    if error is not None:
        _log.warning("a shard failed after nobody waited for it any more: %s", error)
