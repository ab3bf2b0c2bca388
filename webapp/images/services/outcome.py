"""What a task found or did, and when an image is looked at again."""

import random
from datetime import datetime, timedelta
from enum import Enum

from django.utils import timezone

from webapp.cluster.clock import index_now
from webapp.core.presets import rendition_names
from webapp.images.models import Image, ImageState

BACKOFF_FIRST = timedelta(seconds=2)
BACKOFF_MOST = timedelta(hours=1)
SHORTFALL_LOOK = timedelta(seconds=60)


class Outcome(Enum):
    """What a task found or did; what Flower shows as its result."""

    GONE = "gone"
    DONE = "done"
    SHORT = "short"
    ALREADY = "already"
    RETRY = "retry"
    LATER = "later"
    FAILED = "failed"
    REJECTED = "rejected"


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: exponential, with jitter."""
    seconds = BACKOFF_FIRST.total_seconds() * 2 ** max(attempts - 1, 0)
    spread = random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing
    return min(timedelta(seconds=seconds * spread), BACKOFF_MOST)


def renditions_wanted(image: Image) -> bool:
    """Return whether renditions still have to be made."""
    return image.state == ImageState.STORED and bool(renditions_missing(image))


def renditions_missing(image: Image) -> set[str]:
    """Return the names of the renditions an image should have and has not, whatever its state."""
    return {*rendition_names(transparent=image.transparent)} - {*image.renditions}


def next_look(image: Image, *, complete: bool) -> datetime | None:
    """Return when the sweep should look again; the older the image, the less often."""
    if complete and image.state != ImageState.STORED:
        return None
    age = timezone.now() - image.created_at
    return index_now() + min(max(age / 4, SHORTFALL_LOOK), BACKOFF_MOST)
