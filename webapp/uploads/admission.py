"""Admission: saying no before the body is read, while reads never notice."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import Error as DatabaseTrouble

from webapp.core.errors import BusyError, TooLargeError
from webapp.outbox.services import outbox_depth
from webapp.uploads.form import FORM_BYTES
from webapp.uploads.spool import STALE_SECONDS, free_bytes, spool_clean
from webapp.uploads.threads import on_store_thread
from webapp.uploads.tus.cleaning import tus_clean

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
CLEAN_SECONDS = 60.0
RETRY_SECONDS = 30
_LENGTH_DIGITS = 20
"""More than any file has bytes; Python refuses to read thousands."""


class Admission:
    """Counts uploads in flight of this process; looks at spool and backlog now and then."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._looked = self._cleaned = -math.inf
        self._refusal: str | None = None

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for one upload.

        Raises:
            BusyError: All places are taken.
        """
        limit = settings.SHOEBOX.max_uploads_in_flight
        if self.in_flight >= limit:
            raise BusyError(f"{limit} uploads are in flight; try again in a moment.")
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    async def check(self) -> None:
        """Refuse while the spool is too full, the backlog too long, or either cannot tell.

        One upload looks, every ``LOOK_SECONDS``; the others go by what was seen last.

        Raises:
            BusyError: Says which.
        """
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._refusal = await on_store_thread(self._look, now)
        if self._refusal:
            raise BusyError(self._refusal, retry_after=RETRY_SECONDS)

    def _look(self, now: float) -> str | None:
        try:
            if now - self._cleaned > CLEAN_SECONDS:
                self._cleaned = now
                silence = STALE_SECONDS + settings.SHOEBOX.upload_idle_seconds
                spool_clean(settings.SHOEBOX.spool, before=time.time() - silence)
                tus_clean(settings.SHOEBOX.spool, now=time.time())
            return _refusal()
        except DatabaseTrouble as error:
            log.warning("index does not answer", error=str(error))
            return "The index does not answer at the moment."
        except OSError as error:
            log.exception("spool cannot be used")
            return f"Uploads cannot be received at the moment ({error.strerror})."


def _refusal() -> str | None:
    shoebox = settings.SHOEBOX
    if free_bytes(shoebox.spool) < shoebox.spool_floor_bytes:
        return f"Less than {shoebox.spool_floor_bytes} bytes are free where uploads are received."
    if outbox_depth() > shoebox.backlog_limit:
        return f"More than {shoebox.backlog_limit} messages wait to be published."
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
