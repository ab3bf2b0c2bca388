"""The spool: where a body is received, counted and hashed before anything else happens."""

import errno
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from threading import Event, Lock, Thread

from webapp.core.errors import BusyError, TooLargeError
from webapp.storage.base import WRITE_BYTES
from webapp.uploads.memory import buffer_room
from webapp.uploads.threads import on_file_thread, on_spool_thread

FRESH_SECONDS = 60
STALE_SECONDS = 15 * 60
_OURS = "upload-*"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE})


@dataclass(frozen=True, slots=True)
class Spooled:
    """A received body."""

    path: Path
    size: int
    digest: str


class Held:
    """A received body that is in memory.

    Args:
        parts: As they came; let go of when they are joined.
    """

    def __init__(self, parts: list[bytes | memoryview]) -> None:
        self._parts = parts

    def take(self) -> bytes:
        """Return all bytes, once."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


class Spool:
    """Receives one body into a file that is opened with the first full buffer.

    Less than its share of ``buffer_room`` is in memory, besides what is being written. Nothing is
    left behind unless ``finish`` was called; then the file is the caller's. While bytes
    arrive, however slowly, the file is never as old as one that ``spool_clean`` takes.

    Args:
        folder: Where to.
        limit: Most bytes.
    """

    # Thousands are held at a time.
    __slots__ = (
        "_began",
        "_buffer",
        "_file",
        "_gone",
        "_hash",
        "_limit",
        "_lock",
        "_written",
        "path",
        "size",
    )

    def __init__(self, *, folder: Path, limit: int) -> None:
        self.path = folder / f"upload-{secrets.token_hex(12)}"
        self.size = 0
        self._limit = limit
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._file: FileIO | None = None
        self._began = time.monotonic()
        self._written = 0.0
        self._gone = False
        # A cancelled request does not stop the thread that writes for it.
        self._lock = Lock()

    async def write(self, data: bytes | memoryview) -> None:
        """Add bytes; they are copied once if they fit the buffer, and not at all if not.

        Raises:
            TooLargeError: As soon as the limit is passed.
            BusyError: The disk is full, or too many files are open.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise TooLargeError(bytes=self.size, limit=self._limit)
        if len(self._buffer) + len(data) < buffer_room.each and not self._is_ageing():
            self._buffer += data
            return
        held, self._buffer = self._buffer, bytearray()
        await on_spool_thread(self._began, self._append, held, data)

    def _is_ageing(self) -> bool:
        return self._file is not None and time.monotonic() - self._written > FRESH_SECONDS

    def _append(self, *parts: bytes | bytearray | memoryview) -> None:
        with self._lock, no_room_is_busy():
            if self._gone:
                return
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                # Unbuffered: closing after a failed write must not try to write again.
                self._file = FileIO(self.path, "xb")
            for part in parts:
                self._hash.update(part)
                _write_all(self._file, part)
            self._written = time.monotonic()

    async def finish(self) -> Spooled:
        """Close the file and return what was received; the file is the caller's from now on.

        Raises:
            BusyError: The disk is full, or too many files are open.
        """
        held, self._buffer = self._buffer, bytearray()
        await on_spool_thread(self._began, self._finish, held)
        return Spooled(self.path, self.size, f"sha256:{self._hash.hexdigest()}")

    def _finish(self, held: bytearray) -> None:
        self._append(held)
        self._close()

    def _close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    async def discard(self) -> None:
        """Leave nothing behind; harmless after ``finish`` moved or removed the file."""
        await on_file_thread(self._remove)

    def _remove(self) -> None:
        self._gone = True
        self._close()  # waits for a write that is under way
        self.path.unlink(missing_ok=True)


def _write_all(file: FileIO, data: bytes | bytearray | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view[:WRITE_BYTES]) :]


@contextmanager
def no_room_is_busy() -> Iterator[None]:
    """Say a full disk, or too many open files, as what it is to a client: busy.

    Raises:
        BusyError: For these; trying again helps once there is room.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise BusyError(
            f"There is no room to receive an upload: {error.strerror}.", retry_after=30
        ) from error


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


def spool_clean(folder: Path, *, before: float) -> int:
    """Remove what uploads of processes that died left; return how many files.

    Nothing else in the folder is touched, nor what other living processes hold there.

    Args:
        folder: The spool; need not exist.
        before: Unix time; a file nobody wrote to since goes. ``STALE_SECONDS`` and the longest
            silence of a client ago: storing a whole body is bounded by time-outs.
    """
    removed = 0
    for path in folder.glob(_OURS):
        try:
            if path.stat().st_mtime < before:
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
