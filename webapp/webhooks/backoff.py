"""When a delivery that failed is sent again."""

import random
from datetime import timedelta

LONGEST = timedelta(hours=4)
_SPREAD = 0.25


def retry_delay(*, attempts: int, first_seconds: float) -> timedelta:
    """Return how long to wait: twice as long each time, at most four hours, give or take a quarter.

    The spread keeps what failed together from coming back together.

    Args:
        attempts: Made so far, at least 1.
        first_seconds: Wait after the first one.
    """
    doublings = min(attempts - 1, 32)  # beyond that a number too large for a time
    seconds = min(first_seconds * 2**doublings, LONGEST.total_seconds())
    spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - no secret
    return timedelta(seconds=seconds * spread)
