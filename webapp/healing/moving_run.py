"""The walk of a drain or a rebalance: pass after pass, until nothing is left where it was."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.conf import settings

from webapp.core.ids import ImageId, id_parse
from webapp.healing.models import HealingRun
from webapp.healing.progress import Progress
from webapp.healing.throttle import Throttle
from webapp.images.services.mend import Spent
from webapp.images.services.repair import Repaired

SAVE_EVERY = 20
LOOK_AGAIN_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, and how long.

    Args:
        throttle: Told of every byte and blob read and moved.
        progress: Told of every image.
        wait: False: do not wait for old copies that may be removed only later.
        sleep: Waits so many seconds; tests bring their own.
    """

    throttle: Throttle
    progress: Progress
    wait: bool = True
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Moved:
    """What was done.

    Args:
        images: Looked at in this run.
        bytes_moved: Written to shards.
        short: Images that are not whole where they belong.
        left: Images of which something still lies where it was.
    """

    images: int = 0
    bytes_moved: int = 0
    short: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def pass_run(
    run: HealingRun,
    images: Iterable[str],
    *,
    move: Callable[[ImageId, Spent], Repaired],
    pace: Pace,
    moved: Moved,
) -> None:
    """Move images in order; a killed pass goes on where it was.

    Args:
        run: Keeps how far the pass is, and the bytes of all passes.
        images: Ids in ascending order of ``cursor_of``.
        move: Brings one to where it belongs; twice is once.
        pace: How fast.
        moved: Is added to.
    """
    moved.short.clear()
    since = 0
    for image_id in images:
        if cursor_of(image_id) <= run.cursor:
            continue
        repaired = move(id_parse(image_id), pace.throttle.blob)
        moved.images += 1
        moved.bytes_moved += repaired.bytes_moved
        if not repaired.whole:
            moved.short.append(image_id)
        pace.progress.advance(bytes_moved=repaired.bytes_moved)
        pace.throttle.step()
        since += 1
        if since % SAVE_EVERY == 0:
            _keep(run, cursor_of(image_id), repaired.bytes_moved)
    _keep(run, "", 0)


def cursor_of(image_id: str) -> str:
    """Return what images are walked by: the partition, then the id."""
    return f"{image_id[4:7]}{image_id}"


def _keep(run: HealingRun, cursor: str, bytes_moved: int) -> None:
    run.cursor = cursor
    run.counts = {"bytes": run.counts.get("bytes", 0) + bytes_moved}
    run.save()


def pause_seconds() -> float:
    """Return how long to wait before looking whether old copies may go."""
    return min(LOOK_AGAIN_SECONDS, max(settings.SHOEBOX.handoff_grace_seconds / 4, 0.05))
