"""Threads of the receiver: file calls on some, database and shards on others.

A slow disk must not keep an accepted upload from its shards, nor the other way round, and
neither may ever run on the event loop.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

FILE_THREADS = 8
STORE_THREADS = 16

_files = ThreadPoolExecutor(FILE_THREADS, thread_name_prefix="spool")
_stores = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="accept")


async def on_file_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a file call off the loop."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_files, lambda: call(*args, **kwargs))


async def on_store_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a call that uses the index or shards off the loop, with a connection that works."""

    def run() -> T:
        close_old_connections()
        try:
            return call(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_stores, run)
