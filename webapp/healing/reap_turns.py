"""Whose turn it is: a reap takes some images of many, and others the next time.

Images whose shards are away cannot be done with. They take their turn like all others, and keep
no image behind them from its own.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.healing.models import HealingRun
from webapp.images.models import Image, ImageQuerySet

VERB = "reap"
SECONDS = 45.0
"""A kind of work gets so long at a time: three of them stay well within what a task may take."""


@contextmanager
def turns(
    scope: str, rows: ImageQuerySet, *, limit: int, seconds: float = SECONDS
) -> Iterator[Iterator[Image]]:
    """Give images, those first that come after the last one of the time before.

    None comes once ``seconds`` are over; each comes once. Where it was is kept at the end of the
    block, whatever ended it.

    Args:
        scope: What is done with them; each kind of work goes round by itself.
        rows: All that wait for it.
        limit: Most of them.
        seconds: How long this may go on.
    """
    run = turn_of(scope)
    until = time.monotonic() + seconds

    def taken() -> Iterator[Image]:
        for image in _round(rows, run.cursor, limit):
            if time.monotonic() >= until:
                return
            run.cursor = image.id
            yield image

    try:
        yield taken()
    finally:
        run.save(update_fields=["cursor", "moved_at"])


def _round(rows: ImageQuerySet, cursor: str, limit: int) -> list[Image]:
    in_order = rows.only("id", "bytes").order_by("id")
    found = list(in_order.filter(id__gt=cursor)[:limit])
    return found + list(in_order.filter(id__lte=cursor)[: limit - len(found)])


def turn_of(scope: str) -> HealingRun:
    """Return the run that says, by its cursor, what came last."""
    runs = HealingRun.objects.filter(verb=VERB, scope=scope)
    return runs.order_by("id").first() or HealingRun.objects.create(verb=VERB, scope=scope)
