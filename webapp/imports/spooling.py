"""Where an import's bytes wait until they are stored: files that have no name."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import IO

from webapp.core.errors import BusyError, TooLargeError
from webapp.intake.received import Received

RETRY_SECONDS = 30


class SpoolFile:
    """Takes bytes as they come, counts and hashes them.

    Args:
        file: What they are written to.
        cleaned: What they may be rewritten to; see ``Received``.
        limit: Most bytes.
    """

    def __init__(self, file: IO[bytes], cleaned: IO[bytes], *, limit: int) -> None:
        self._file = file
        self._cleaned = cleaned
        self._limit = limit
        self._size = 0
        self._hash = hashlib.sha256()
        self.uses: list[Event] = []

    def expect(self, size: int) -> None:
        """Say how many bytes there will be, before the first.

        Raises:
            TooLargeError: More than may be.
        """
        if size > self._limit:
            raise TooLargeError(bytes=size, limit=self._limit)

    def take(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            TooLargeError: As soon as the limit is passed.
            BusyError: They cannot be written now.
        """
        self._size += len(data)
        self.expect(self._size)
        self._hash.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise BusyError(f"There is no room for an import: {error.strerror}.") from error

    def received(self) -> Received:
        """Return what has come, once it has all come.

        Raises:
            BusyError: The last of it cannot be written now.
        """
        self.take(b"")
        self._file.flush()
        return Received(
            source=_path(self._file),
            cleaned=_path(self._cleaned),
            size=self._size,
            digest=f"sha256:{self._hash.hexdigest()}",
            uses=self.uses,
        )


def _path(file: IO[bytes]) -> Path:
    """Return a path that means this file in this process alone."""
    return Path(f"/proc/self/fd/{file.fileno()}")


@contextmanager
def spool_file(folder: Path, *, limit: int, floor: int) -> Iterator[SpoolFile]:
    """Give a place for one picture; nothing is left of it, whatever kills the process.

    Leaves only when the last write to a shard that reads it has ended.

    Args:
        folder: The spool.
        limit: Most bytes of the picture.
        floor: Free bytes that must stay there.

    Raises:
        BusyError: Fewer are free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < floor:
        raise BusyError(f"Less than {floor} bytes are free for imports.", retry_after=RETRY_SECONDS)
    with tempfile.TemporaryFile(dir=folder) as file, tempfile.TemporaryFile(dir=folder) as cleaned:
        spool = SpoolFile(file, cleaned, limit=limit)
        try:
            yield spool
        finally:
            for use in spool.uses:
                use.wait()
