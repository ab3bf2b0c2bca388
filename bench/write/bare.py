"""A receiver that does the durable writes of an upload and nothing else; what ours is held against.

Whole bodies in memory, no digest, no type, no user, no quota: as many fsynced copies as there are
``BARE_FOLDERS``, and one row committed in ``BARE_INDEX`` if that is set.
"""

import asyncio
import os
import secrets
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from psycopg_pool import ConnectionPool

THREADS = 32
_ROW = "INSERT INTO bare (name, bytes) VALUES ({0}, {0})"
_TABLE = "CREATE TABLE IF NOT EXISTS bare (name TEXT PRIMARY KEY, bytes INTEGER)"


class SQLite:
    """Rows in a file, every commit flushed; one writer at a time."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for words in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _TABLE):
            self._file.execute(words)

    def add(self, name: str, size: int) -> None:
        with self._lock:
            self._file.execute(_ROW.format("?"), (name, size))


class Postgres:
    """Rows in PostgreSQL, over connections that stay."""

    def __init__(self, url: str) -> None:
        kept = {"autocommit": True}
        self._pool = ConnectionPool(url, min_size=1, max_size=THREADS, kwargs=kept, open=True)
        with self._pool.connection() as connection:
            connection.execute(_TABLE)

    def add(self, name: str, size: int) -> None:
        with self._pool.connection() as connection:
            connection.execute(_ROW.format("%s"), (name, size))


def _index_of(url: str) -> SQLite | Postgres | None:
    if not url:
        return None
    return Postgres(url) if url.startswith("postgresql") else SQLite(url)


_folders = [Path(name) for name in os.environ["BARE_FOLDERS"].split(":")]
_index = _index_of(os.environ.get("BARE_INDEX", ""))
_threads = ThreadPoolExecutor(THREADS * len(_folders))


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    if scope["method"] == "POST":
        await _keep(chunks)
    length = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 201, "headers": length})
    await send({"type": "http.response.body", "body": b""})


async def _keep(chunks: list[bytes]) -> None:
    loop, name = asyncio.get_running_loop(), secrets.token_hex(12)
    writes = (loop.run_in_executor(_threads, _write, f, name, chunks) for f in _folders)
    await asyncio.gather(*writes)
    if _index:
        await loop.run_in_executor(_threads, _index.add, name, sum(map(len, chunks)))


def _write(folder: Path, name: str, chunks: list[bytes]) -> None:
    """Write aside, flush, give it its name, flush the folder: durable as on a shard of ours."""
    aside = folder / f"{name}.part"
    with aside.open("wb", buffering=0) as file:
        for chunk in chunks:
            file.write(chunk)
        os.fsync(file.fileno())
    aside.rename(folder / name)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
