"""Admission: saying no before the body is read, while reads never notice."""

import math
import time
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import Error as DatabaseTrouble

from webapp.cluster.read_only import read_only_error, read_only_reason
from webapp.core.errors import BusyError, RetryError, TooLargeError
from webapp.outbox.services import outbox_depth
from webapp.uploads.form import FORM_BYTES
from webapp.uploads.memory import memory_trim
from webapp.uploads.spool import STALE_SECONDS, free_bytes, spool_clean
from webapp.uploads.threads import on_look_thread, store_turns
from webapp.uploads.tus.cleaning import tus_clean

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
CLEAN_SECONDS = 60.0
TRIM_SECONDS = 10.0
RETRY_SECONDS = 30
_LENGTH_DIGITS = 20
"""More than any file has bytes; Python refuses to read thousands."""


class UploadPlace:
    """The place of one upload among those of its user.

    Args:
        of: Places each user holds.
    """

    __slots__ = ("_of", "_user")

    def __init__(self, of: Counter[Hashable]) -> None:
        self._of = of
        self._user: Hashable = None

    def take(self, user: Hashable) -> None:
        """Count it as this user's until it is given back.

        Raises:
            BusyError: They hold as many as one user may; others still get in.
        """
        limit = settings.SHOEBOX.uploads_per_user
        if self._of[user] >= limit:
            raise BusyError(f"{limit} of your uploads are in flight; let some of them end.")
        self._user = user
        self._of[user] += 1

    def give_back(self) -> None:
        """Let another of their uploads in."""
        if self._user is not None:
            self._of[self._user] -= 1
            if not self._of[self._user]:
                del self._of[self._user]


class Admission:
    """Counts uploads in flight of this process; looks at spool and backlog now and then."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._of: Counter[Hashable] = Counter()
        self._looked = self._cleaned = self._trimmed = -math.inf
        self._refusal: RetryError | None = None

    @contextmanager
    def place(self) -> Iterator["UploadPlace"]:
        """Hold a place for one upload; say whose it is as soon as that is known.

        Raises:
            BusyError: All places are taken.
        """
        limit = settings.SHOEBOX.max_uploads_in_flight
        if self.in_flight >= limit:
            raise BusyError(f"{limit} uploads are in flight; try again in a moment.")
        self.in_flight += 1
        place = UploadPlace(self._of)
        try:
            yield place
        finally:
            place.give_back()
            self.in_flight -= 1

    async def check(self) -> None:
        """Refuse while uploads wait long to be stored, the spool is full, or the backlog long.

        One upload looks, every ``LOOK_SECONDS``; the others go by what was seen last.

        Raises:
            BusyError: Says which.
            ReadOnlyError: The index takes no writes; says why.
        """
        if store_turns.wait_expected() > settings.SHOEBOX.store_wait_seconds:
            raise BusyError("More uploads arrived than can be stored at the moment.")
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._refusal = await on_look_thread(self._look, now)
        if self._refusal:
            raise type(self._refusal)(self._refusal.detail, retry_after=RETRY_SECONDS)

    def _look(self, now: float) -> RetryError | None:
        try:
            if now - self._trimmed > TRIM_SECONDS:
                self._trimmed = now
                memory_trim()
            if now - self._cleaned > CLEAN_SECONDS:
                self._cleaned = now
                silence = STALE_SECONDS + settings.SHOEBOX.upload_idle_seconds
                spool_clean(settings.SHOEBOX.spool, before=time.time() - silence)
                tus_clean(settings.SHOEBOX.spool, now=time.time())
            return _refusal()
        except DatabaseTrouble as error:
            log.warning("index does not answer", error=str(error))
            return BusyError("The index does not answer at the moment.")
        except OSError as error:
            log.exception("spool cannot be used")
            return BusyError(f"Uploads cannot be received at the moment ({error.strerror}).")


def _refusal() -> RetryError | None:
    shoebox = settings.SHOEBOX
    if free_bytes(shoebox.spool) < shoebox.spool_floor_bytes:
        return BusyError(
            f"Less than {shoebox.spool_floor_bytes} bytes are free where uploads are received."
        )
    if reason := read_only_reason():
        return read_only_error(reason)
    if outbox_depth() > shoebox.backlog_limit:
        return BusyError(f"More than {shoebox.backlog_limit} messages wait to be published.")
    return None


def check_length(headers: dict[str, str]) -> None:
    """Refuse a body that announces itself too large, before it is read.

    Raises:
        TooLargeError: Content-Length is over the limit.
    """
    limit = settings.SHOEBOX.max_upload_bytes
    length = headers.get("content-length", "")
    if not length.isdecimal():
        return
    announced = int(length[:_LENGTH_DIGITS])
    if announced > limit + FORM_BYTES:
        raise TooLargeError(bytes=announced, limit=limit)
