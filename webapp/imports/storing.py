"""One file of an operator's, through the same acceptance as any upload."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError

from webapp.core.errors import BusyError, RetryError, ShoeboxError
from webapp.core.text import clean_filename
from webapp.images.models import Image, ImageState
from webapp.images.values import dedupe_key
from webapp.imports.sources import Source, unreadable
from webapp.imports.spooling import SpoolFile, spool_file
from webapp.intake.accept import picture_accept, upload_prepare
from webapp.intake.details import Details

if TYPE_CHECKING:
    from webapp.accounts.models import User

TRIES = 6
MOST_WAIT_SECONDS = 30
_THERE = (ImageState.STORED, ImageState.READY, ImageState.FAILED)


class Result(StrEnum):
    """What became of a file."""

    NEW = "new"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    PASSED = "passed over"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What became of a file.

    Args:
        result: In a word.
        image_id: The image it is now, or was before; empty: none.
        error: Why it was refused.
    """

    result: Result
    image_id: str = ""
    error: ShoeboxError | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Storing:
    """Whose images files become, and what is said of them.

    Args:
        owner: Whose.
        details: Album and kind; the file has its own name.
        dry_run: Whether to look only: everything but storing is done.
        sleep: How to wait while shards or index are away.
    """

    owner: "User"
    details: Details
    dry_run: bool
    sleep: Callable[[float], None] = time.sleep

    def store(self, source: Source) -> Stored:
        """Store a file, or find that it is there; what is refused is an answer too.

        Raises:
            RetryError: Shards, index or this disk do not take it, tried for minutes.
        """
        for tried in range(1, TRIES + 1):
            try:
                return self._try(source)
            except RetryError as error:
                if tried == TRIES:
                    raise
                self.sleep(min(error.retry_after or 1, MOST_WAIT_SECONDS))
            except ShoeboxError as error:
                return Stored(result=Result.REFUSED, error=error)
        raise AssertionError("the last try returns or raises")

    def _try(self, source: Source) -> Stored:
        shoebox = settings.SHOEBOX
        place = spool_file(
            shoebox.spool, limit=shoebox.max_upload_bytes, floor=shoebox.spool_floor_bytes
        )
        with place as spool:
            try:
                for chunk in source.chunks():
                    spool.take(chunk)
            except OSError as error:
                raise unreadable(error) from None
            try:
                return self._accept(source, spool)
            except DatabaseError as error:
                raise BusyError("The index does not answer.") from error

    def _accept(self, source: Source, spool: SpoolFile) -> Stored:
        details = replace(self.details, filename=clean_filename(source.path))
        if self.dry_run:
            return self._look(spool, details)
        done = picture_accept(owner=self.owner, received=spool.received(), details=details)
        result = Result.DUPLICATE if done.duplicate else Result.NEW
        return Stored(result=result, image_id=done.image.id)

    def _look(self, spool: SpoolFile, details: Details) -> Stored:
        upload = upload_prepare(received=spool.received(), details=details)
        key = dedupe_key(
            owner_id=str(self.owner.pk),
            pool=self.owner.pool,
            kind=details.kind,
            source_digest=upload.source_digest,
        )
        there = Image.objects.filter(dedupe_key=key, state__in=_THERE)
        image_id = there.values_list("id", flat=True).first()
        if image_id:
            return Stored(result=Result.DUPLICATE, image_id=image_id)
        return Stored(result=Result.NEW)
