"""Waiting for an image's first steps to end, without holding a thread or a connection."""

import asyncio
import time

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from webapp.images.models import Image, ImageState

FIRST_STEP_SECONDS = 0.05
LONGEST_STEP_SECONDS = 0.2
STEP_GROWTH = 1.3


async def wait_while_stored(image_id: str, *, seconds: float) -> None:
    """Return when an image is no longer ``stored``, or is gone, or the time is over.

    Looks at one column of one row, at most every 50 ms and at least every 200 ms. Between
    two looks neither a thread nor a connection to the index is held.
    """
    ends = time.monotonic() + seconds
    step = FIRST_STEP_SECONDS
    while await sync_to_async(_is_stored)(image_id):
        left = ends - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(min(step, left))
        step = min(step * STEP_GROWTH, LONGEST_STEP_SECONDS)


def _is_stored(image_id: str) -> bool:
    try:
        return Image.objects.filter(id=image_id, state=ImageState.STORED).exists()
    finally:
        close_old_connections()  # a pool of connections must not be used up by waiting
