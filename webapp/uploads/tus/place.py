"""Where resumable uploads lie: a few files each, in a folder of the spool per owner.

``bytes/{id}`` holds what has arrived and nothing else: its size is the offset. ``about/{id}.json``
holds what the client said and, in the end, what became of it. Whoever is not the owner looks in
another folder and finds nothing.
"""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from webapp.core.errors import NotFoundError

FOLDER: Final = "tus"
KEPT_SECONDS: Final = 24 * 60 * 60
"""How long an upload waits to be continued, and an ended one can be asked about."""
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Received:
    """What has arrived of an upload that has not ended.

    Args:
        offset: Bytes.
        expires: Until when it can be continued, in Unix time.
    """

    offset: int
    expires: float


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one upload.

    Args:
        folder: Of the owner.
        id: 32 hexadecimal digits.
    """

    folder: Path
    id: str

    @property
    def data(self) -> Path:
        """What has arrived, in order, and was verified where the client asked for it."""
        return self.folder / "bytes" / self.id

    @property
    def unverified(self) -> Path:
        """What arrived with a checksum and is not known to be whole yet."""
        return self.folder / "unverified" / self.id

    @property
    def about(self) -> Path:
        """What is known of it."""
        return self.folder / "about" / f"{self.id}.json"

    def received(self) -> Received | None:
        """Return what has arrived; None when the upload has ended."""
        try:
            found = self.data.stat()
        except FileNotFoundError:
            return None
        return Received(found.st_size, found.st_mtime + KEPT_SECONDS)

    def forget(self) -> None:
        """Remove everything; harmless when there is nothing."""
        self.about.unlink(missing_ok=True)
        self.forget_bytes()

    def forget_bytes(self) -> None:
        """Remove what has arrived; harmless when there is nothing."""
        self.data.unlink(missing_ok=True)
        self.unverified.unlink(missing_ok=True)


def place_of(*, spool: Path, owner_id: str, upload_id: str) -> Place:
    """Return where an upload of one owner would lie.

    Raises:
        NotFoundError: Not the id of an upload.
    """
    if not _ID.fullmatch(upload_id):
        raise NotFoundError(f"There is no upload {upload_id[:64]!r}.")
    return Place(spool / FOLDER / owner_id, upload_id)


def place_make(*, spool: Path, owner_id: str) -> Place:
    """Return a place nobody can guess, in folders that are there."""
    place = Place(spool / FOLDER / owner_id, secrets.token_hex(16))
    for folder in (place.data.parent, place.about.parent, place.unverified.parent):
        folder.mkdir(parents=True, exist_ok=True)
    return place


def folder_sync(folder: Path) -> None:
    """Let the names in a folder survive a power cut."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
