"""Waiting for images to leave ``stored``: one look for everybody who waits."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from django.db import DatabaseError, close_old_connections

from webapp.images.models import Image, ImageState

log = structlog.get_logger(__name__)

STEP_SECONDS: Final = 0.04
MOST_WAITING: Final = 512


class Waiting:
    """Lets callers wait; however many do, the index is asked once per step.

    Django keeps a thread for each request, idle meanwhile, so only so many may wait. Who
    finds no place is answered at once, as if the time were over, and asks again.

    Args:
        places: How many may wait at a time.
    """

    def __init__(self, places: int = MOST_WAITING) -> None:
        self._places = places
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._looking: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="waiting")

    async def while_stored(self, image_id: str, *, seconds: float) -> None:
        """Return when an image is no longer ``stored``, or is gone, or the time is over."""
        if self._places <= 0:
            return
        settled = asyncio.get_running_loop().create_future()
        self._enter(image_id, settled)
        try:
            await asyncio.wait([settled], timeout=seconds)
        finally:
            self._leave(image_id, settled)

    def _enter(self, image_id: str, settled: asyncio.Future[None]) -> None:
        self._places -= 1
        self._waiting[image_id].add(settled)
        loop = asyncio.get_running_loop()
        # A loop that ended (tests have many) took its task with it.
        if not self._looking or self._looking.done() or self._looking.get_loop() is not loop:
            self._looking = loop.create_task(self._look())

    def _leave(self, image_id: str, settled: asyncio.Future[None]) -> None:
        self._places += 1
        self._waiting[image_id].discard(settled)
        if not self._waiting[image_id]:
            del self._waiting[image_id]

    async def _look(self) -> None:
        """Look again and again until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            wanted = list(self._waiting)
            stored = await loop.run_in_executor(self._thread, _still_stored, wanted)
            for image_id in wanted:
                if image_id not in stored:
                    self._tell(image_id)
            await asyncio.sleep(STEP_SECONDS)

    def _tell(self, image_id: str) -> None:
        for settled in self._waiting.get(image_id, ()):
            if not settled.done():
                settled.set_result(None)


def _still_stored(wanted: Collection[str]) -> Collection[str]:
    """Return which images are ``stored``; all of them while the index cannot tell."""
    try:
        rows = Image.objects.filter(id__in=wanted, state=ImageState.STORED).order_by()
        return set(rows.values_list("id", flat=True))
    except DatabaseError as error:
        log.warning("cannot tell what is stored", error=type(error).__name__)
        return wanted
    finally:
        close_old_connections()  # a pool of connections must not be used up by waiting
