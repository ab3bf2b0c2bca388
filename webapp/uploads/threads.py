"""Threads of the receiver: file calls on some, short looks at the index on others, storing on more.

A slow disk must not keep an accepted upload from its shards, nor the other way round, and
neither may ever run on the event loop. Who comes in is told apart and let in or refused by
looks that take a millisecond: they do not queue behind uploads that are being stored.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import close_old_connections

from webapp.uploads.turns import Turns

P = ParamSpec("P")
T = TypeVar("T")

FILE_THREADS: Final = 8
LOOK_THREADS: Final = 4
STORE_THREADS: Final = 16

_files = ThreadPoolExecutor(FILE_THREADS, thread_name_prefix="spool")
_looks = ThreadPoolExecutor(LOOK_THREADS, thread_name_prefix="look")
_stores = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="accept")
_file_turns = Turns(FILE_THREADS)
store_turns = Turns(STORE_THREADS)
"""Who of those that have arrived is stored next, in this process."""


async def on_file_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a file call off the loop, before those of uploads that took long to arrive."""
    return await on_spool_thread(time.monotonic(), call, *args, **kwargs)


async def on_spool_thread(
    began: float, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a file call of an upload off the loop, when it is its turn.

    Args:
        began: When the upload came in, by ``time.monotonic``.
        call: What to run.
        args: Of the call.
        kwargs: Of the call.
    """
    loop = asyncio.get_running_loop()
    async with _file_turns.turn(took=time.monotonic() - began):
        return await loop.run_in_executor(_files, lambda: call(*args, **kwargs))


async def on_look_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a short call that uses the index off the loop, with a connection that works."""
    return await _with_index(_looks, lambda: call(*args, **kwargs))


async def on_store_thread(
    began: float, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a call that uses index and shards off the loop, when it is its turn.

    Args:
        began: When its request came in, by ``time.monotonic``.
        call: What to run, with a connection that works.
        args: Of the call.
        kwargs: Of the call.
    """
    async with store_turns.turn(took=time.monotonic() - began):
        return await _with_index(_stores, lambda: call(*args, **kwargs))


async def _with_index(threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    def run() -> T:
        close_old_connections()
        try:
            return call()
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(threads, run)
