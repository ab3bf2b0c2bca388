"""Admission: saying no before the body is read, while reads never notice."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from webapp.core.errors import BusyError, TooLargeError
from webapp.outbox.services import outbox_depth
from webapp.uploads.spool import free_bytes, spool_clean
from webapp.uploads.threads import on_store_thread

LOOK_SECONDS = 2.0
FORM_BYTES = 64 * 1024
"""What a multipart body may have around its file."""


class Admission:
    """Counts uploads in flight of this process; looks at spool and backlog now and then."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._looked = 0.0
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
        """Refuse while the spool is too full or the backlog too long.

        Raises:
            BusyError: Says which.
        """
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._refusal = await on_store_thread(_refusal)
        if self._refusal:
            raise BusyError(self._refusal, retry_after=30)


def _refusal() -> str | None:
    shoebox = settings.SHOEBOX
    spool_clean(shoebox.spool, now=time.time())
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
    if length.isdecimal() and int(length) > limit + FORM_BYTES:
        raise TooLargeError(bytes=int(length), limit=limit)
