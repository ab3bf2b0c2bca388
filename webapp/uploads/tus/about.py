"""What is known of a resumable upload beside its bytes, and how it begins."""

import json
import math
import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from webapp.core.errors import NotFoundError, RateLimitedError
from webapp.uploads.tus.errors import UploadGoneError
from webapp.uploads.tus.place import Place, folder_sync, place_make

MAX_ABANDONED: Final = 100
"""Uploads one owner may leave lying; each may take as much room as the largest picture."""
ABANDONED_SECONDS: Final = 10 * 60
"""So long without a byte, and an upload counts as left lying; it can still be continued."""
EXPIRED: Final = "expired"


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an upload.

    Args:
        length: Bytes it will have.
        metadata: As the client sent it.
        image: Id of the image it became; empty before.
        duplicate: Whether that image was there before.
        ended: Why it became none, as a code; empty while it still may.
    """

    length: int
    metadata: str = ""
    image: str = ""
    duplicate: bool = False
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """An upload as it is now.

    Args:
        about: What is known of it.
        offset: Bytes that have arrived; all of them when it became an image.
        expires: Until when it can be continued, in Unix time; None when it became an image.
    """

    about: About
    offset: int
    expires: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every byte has arrived."""
        return self.offset == self.about.length


def upload_create(*, spool: Path, owner_id: str, about: About) -> Place:
    """Return the place of a new upload without bytes; it survives a power cut.

    Raises:
        RateLimitedError: The owner has left too many lying.
    """
    place = place_make(spool=spool, owner_id=owner_id)
    _check_abandoned(place.data.parent)
    place.data.open("xb").close()
    folder_sync(place.data.parent)
    about_write(place, about)
    return place


def _check_abandoned(folder: Path) -> None:
    before = time.time() - ABANDONED_SECONDS
    with os.scandir(folder) as entries:
        abandoned = sum(_modified(entry) < before for entry in entries)
    if abandoned >= MAX_ABANDONED:
        raise RateLimitedError(
            f"{abandoned} uploads wait to be continued; finish or DELETE some first.",
            abandoned=abandoned,
            retry_after=60,
        )


def _modified(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:  # it has just ended
        return math.inf


def upload_look(place: Place) -> Look:
    """Return an upload that became an image or can be continued, as it is now.

    Needs no lock: what another request is about to add is not seen yet.

    Raises:
        NotFoundError: There is none, or not any more.
        UploadGoneError: It has ended; says why.
    """
    for _ in range(2):  # it may end between the two files
        about = about_read(place)
        if about.ended:
            raise UploadGoneError(f"The upload has ended: {about.ended}.", reason=about.ended)
        if about.image:
            return Look(about, about.length)
        if received := place.received():
            if received.expires <= time.time():
                raise UploadGoneError("The upload was not continued in time.", reason=EXPIRED)
            return Look(about, received.offset, received.expires)
    raise NotFoundError(f"There is no upload {place.id!r} any more.")


def about_read(place: Place) -> About:
    """Return what is known of an upload, an ended one too.

    Raises:
        NotFoundError: There is none, or not any more.
    """
    try:
        return About(**json.loads(place.about.read_bytes()))
    except FileNotFoundError:
        raise NotFoundError(f"There is no upload {place.id!r}.") from None


def about_write(place: Place, about: About) -> None:
    """Keep what is known of an upload, whole or not at all, also over a power cut."""
    fresh = place.about.with_suffix(f".{secrets.token_hex(4)}")
    with fresh.open("wb") as file:
        file.write(json.dumps(asdict(about)).encode())
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(place.about)
    folder_sync(place.about.parent)


def upload_end(place: Place, about: About) -> None:
    """Keep what became of an upload, then remove its bytes: never the other way round."""
    about_write(place, about)
    place.forget_bytes()
