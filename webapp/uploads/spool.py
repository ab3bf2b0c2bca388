"""The spool: where a body is received, counted and hashed before anything else happens."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import BinaryIO

from webapp.core.errors import TooLargeError
from webapp.uploads.threads import on_file_thread

BUFFER_BYTES = 64 * 1024
STALE_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True)
class Spooled:
    """A received body."""

    path: Path
    size: int
    digest: str


class Spool:
    """Receives one body into a file that is opened with the first full buffer.

    At most ``BUFFER_BYTES`` of it are in memory. Nothing is left behind unless ``finish``
    was called; then the file is the caller's.

    Args:
        folder: Where to.
        limit: Most bytes.
    """

    def __init__(self, *, folder: Path, limit: int) -> None:
        self.path = folder / f"upload-{secrets.token_hex(12)}"
        self.size = 0
        self._limit = limit
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._file: BinaryIO | None = None

    async def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            TooLargeError: As soon as the limit is passed.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise TooLargeError(bytes=self.size, limit=self._limit)
        self._buffer += data
        if len(self._buffer) >= BUFFER_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        data, self._buffer = self._buffer, bytearray()
        await on_file_thread(self._append, data)

    def _append(self, data: bytearray) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb")
        self._hash.update(data)
        self._file.write(data)

    async def finish(self) -> Spooled:
        """Close the file and return what was received; the file is the caller's from now on."""
        await self._flush()
        await on_file_thread(self._close)
        return Spooled(self.path, self.size, f"sha256:{self._hash.hexdigest()}")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    async def discard(self) -> None:
        """Leave nothing behind; harmless after ``finish`` moved or removed the file."""
        await on_file_thread(self._remove)

    def _remove(self) -> None:
        self._close()
        self.path.unlink(missing_ok=True)


def release(paths: list[Path], uses: list[Event]) -> None:
    """Remove spool files once nobody reads them any more.

    A PUT that was given up for being slow may still be reading; it is waited for on a thread
    of its own, and its time-outs bound how long that takes.
    """
    if all(use.is_set() for use in uses):
        _unlink(paths)
        return

    def wait() -> None:
        for use in uses:
            use.wait()
        _unlink(paths)

    Thread(target=wait, name="spool-release", daemon=True).start()


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def spool_clean(folder: Path, *, now: float) -> int:
    """Remove what uploads of processes that died left; return how many files.

    A file nobody wrote to for ``STALE_SECONDS`` belongs to nobody: a silent client is
    dropped long before, and storing a whole body is bounded by time-outs. Other processes
    may use the same folder.
    """
    removed = 0
    for path in folder.glob("*-*") if folder.is_dir() else ():
        try:
            if now - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()
                removed += 1
        except FileNotFoundError:
            continue  # its owner was quicker
    return removed


def free_bytes(folder: Path) -> int:
    """Return the room left where the spool is."""
    folder.mkdir(parents=True, exist_ok=True)
    stats = os.statvfs(folder)
    return stats.f_bavail * stats.f_frsize
