"""Adding bytes to the files of an upload, on threads."""

from io import SEEK_END, FileIO
from pathlib import Path
from threading import Lock
from typing import Final

from webapp.uploads.tus.errors import ChecksumMismatchError
from webapp.uploads.tus.headers import Checksum, hasher

PART_BYTES: Final = 16 * 1024
"""Gathered in memory before it is written: hundreds of slow clients hold so much each."""
COPY_BYTES: Final = 64 * 1024


class Appender:
    """Adds bytes to the end of a file. Closing waits for what is under way.

    A cancelled request does not stop the thread that writes for it.

    Args:
        file: Open for both ways, unbuffered: closing after a failed write must not try again.
    """

    def __init__(self, file: FileIO) -> None:
        self.size = file.seek(0, SEEK_END)
        self._file = file
        self._lock = Lock()

    def append(self, *parts: bytes | bytearray) -> None:
        """Add bytes; nothing once it is closed. On a full disk what fitted is there, in order."""
        with self._lock:
            for part in parts if not self._file.closed else ():
                self._write_all(part)

    def _write_all(self, part: bytes | bytearray) -> None:
        view = memoryview(part)
        while view:
            written = self._file.write(view)
            self.size += written
            view = view[written:]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()


class Unverified(Appender):
    """What arrives with a checksum: kept apart until it is known to be whole.

    Args:
        path: Where to; what lies there is replaced.
        checksum: What it should come to.
    """

    def __init__(self, path: Path, checksum: Checksum) -> None:
        super().__init__(FileIO(path, "wb+"))
        self._path = path
        self._checksum = checksum
        self._hash = hasher(checksum.algorithm)

    def append(self, *parts: bytes | bytearray) -> None:
        """Add bytes, and hash them."""
        for part in parts:
            self._hash.update(part)
        super().append(*parts)

    def move_to(self, upload: Appender) -> None:
        """Add all of it to an upload. Cut off in the middle, it leaves a verified beginning.

        Raises:
            ChecksumMismatchError: It is not what the client meant to send; nothing is added.
        """
        if self._hash.digest() != self._checksum.digest:
            raise ChecksumMismatchError(
                f"The {self.size} bytes have another {self._checksum.algorithm}; send them again."
            )
        self._file.seek(0)
        while part := self._file.read(COPY_BYTES):
            upload.append(part)

    def discard(self) -> None:
        """Leave nothing behind."""
        self.close()
        self._path.unlink(missing_ok=True)
