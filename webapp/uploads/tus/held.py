"""An upload that one request holds: nobody else adds to it, in this process or another.

The lock is on the file of its bytes and ends with the process that has it, however that ends.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import FileIO
from typing import Final

from webapp.uploads.threads import on_file_thread
from webapp.uploads.tus.about import About, upload_look
from webapp.uploads.tus.appending import Appender
from webapp.uploads.tus.errors import UploadLockedError
from webapp.uploads.tus.place import Place

WAIT_SECONDS: Final = 1.0
"""A client that lost its connection is often back before that was noticed."""
POLL_SECONDS: Final = 0.05


class Held(Appender):
    """An upload under lock. Closing ends the lock.

    Args:
        place: Its files.
        about: What is known of it, read under the lock.
        file: Its bytes.
    """

    def __init__(self, place: Place, about: About, file: FileIO) -> None:
        super().__init__(file)
        self.place = place
        self.about = about
        self.began = self.size

    @property
    def is_whole(self) -> bool:
        """Whether every byte has arrived."""
        return self.size == self.about.length

    def sync(self) -> None:
        """Let what has arrived survive a power cut."""
        if self.size > self.began:
            os.fsync(self._file.fileno())


@asynccontextmanager
async def held_upload(place: Place) -> AsyncIterator[Held]:
    """Hold an upload that can be continued.

    Raises:
        NotFoundError: There is none, or not any more.
        UploadGoneError: It has ended.
        UploadLockedError: Another request holds it, or has just finished it.
    """
    held = await _hold(place)
    try:
        yield held
    finally:
        await on_file_thread(held.close)


async def _hold(place: Place) -> Held:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return await on_file_thread(upload_lock, place)
        except UploadLockedError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(POLL_SECONDS)


def upload_lock(place: Place) -> Held:
    """Return an upload under lock, without waiting; see ``held_upload``."""
    try:
        file = FileIO(place.data, "rb+")
    except FileNotFoundError:
        raise _just_ended(place) from None
    try:
        return Held(place, _lock(place, file), file)
    except BaseException:
        file.close()
        raise


def _lock(place: Place, file: FileIO) -> About:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UploadLockedError("Another request holds the upload; try again.") from None
    # It may have ended while the file was being opened; then this locks what has no name.
    if os.fstat(file.fileno()).st_nlink == 0:
        raise _just_ended(place)
    about = upload_look(place).about
    if about.image:
        raise _just_ended(place)
    return about


def _just_ended(place: Place) -> UploadLockedError:
    """Return what says that an upload became an image meanwhile; raise if it did not."""
    upload_look(place)
    return UploadLockedError("The upload has just been finished; ask for it with HEAD.")
