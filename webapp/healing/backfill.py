"""Backfills: ready images get the renditions of presets that came after them.

The run queues images in the order of their ids and never has more than ``depth`` under way, by
what the index says of them; workers do them when no fresh upload waits. It may be ended at any
moment and goes on after its cursor; what was under way then is due in the index.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.utils import timezone

from webapp.core.errors import NotFoundError
from webapp.core.presets import PRESET_BY_NAME
from webapp.healing.models import HealingRun
from webapp.healing.progress import Progress
from webapp.images.models import Image, ImageState
from webapp.images.services.backfill import backfill_queue, backfill_wanted
from webapp.images.services.outcome import renditions_missing

VERB = "backfill"
ALL = "all"
DEPTH = 100
PAGE = 500
LOOK_SECONDS = 0.5
_COLUMNS = ("id", "state", "renditions", "attempts", "due_at")


@dataclass(slots=True)
class Backfilled:
    """What a run did.

    Args:
        made: Images that have everything now.
        given_up: Ids of images whose renditions could not be made.
    """

    made: int = 0
    given_up: list[str] = field(default_factory=list)


def backfill_plan(*, preset: str = "") -> tuple[int, Counter[str]]:
    """Return how many images lack something, and how many lack each rendition.

    Raises:
        NotFoundError: There is no such preset.
    """
    lacking: Counter[str] = Counter()
    images = 0
    for image in _lacking(preset, after=""):
        images += 1
        lacking.update(_missing(image, preset))
    return images, lacking


def backfill_run(
    *,
    preset: str = "",
    depth: int = DEPTH,
    progress: Progress,
    sleep: Callable[[float], None] = time.sleep,
) -> Backfilled:
    """Have workers make what is missing, and wait until it is made or given up.

    Args:
        preset: Images that lack this one; empty for any.
        depth: Most images under way at a time.
        progress: Told of every image that is done with.
        sleep: Waits so many seconds; tests bring their own.

    Raises:
        NotFoundError: There is no such preset.
    """
    run, _ = HealingRun.objects.get_or_create(verb=VERB, scope=preset or ALL, finished_at=None)
    window = _Window(preset, depth, progress, sleep)
    begin = run.cursor
    window.adopt(begin)
    # What is still missing behind the cursor was queued before somebody ended a run.
    for after, until in ((begin, ""), ("", begin)) if begin else (("", ""),):
        for image in _lacking(preset, after=after, until=until):
            if image.id not in window.adopted:
                window.add(image.id)
                _keep(run, image.id)
        window.empty()
        run.cursor = ""
    run.finished_at = timezone.now()
    run.counts = {"made": window.done.made, "given-up": len(window.done.given_up)}
    run.save()
    return window.done


class _Window:
    """Images under way: never more than ``depth``, and each looked after until it is done."""

    def __init__(
        self, preset: str, depth: int, progress: Progress, sleep: Callable[[float], None]
    ) -> None:
        self.done = Backfilled()
        self.adopted: frozenset[str] = frozenset()
        self._under_way: set[str] = set()
        self._preset = preset
        self._depth = max(depth, 1)
        self._progress = progress
        self._sleep = sleep

    def adopt(self, cursor: str) -> None:
        """Take in what an earlier run left under way; it counts against the depth."""
        if not cursor:
            return
        rows = Image.objects.filter(state=ImageState.READY, due_at__isnull=False, id__lte=cursor)
        rows = rows.only(*_COLUMNS)
        left = [row.id for row in rows.iterator(PAGE) if _missing(row, self._preset)]
        self._under_way.update(left)
        self.adopted = frozenset(left)

    def add(self, image_id: str) -> None:
        """Queue an image once there is room."""
        self._wait(below=self._depth)
        if backfill_queue(image_id=image_id):
            self._under_way.add(image_id)

    def empty(self) -> None:
        """Wait until nothing is under way."""
        self._wait(below=1)

    def _wait(self, *, below: int) -> None:
        while len(self._under_way) >= below:
            if not self._look():
                self._sleep(LOOK_SECONDS)

    def _look(self) -> int:
        """Look what became of those under way; return how many are done with."""
        before = len(self._under_way)
        rows = {row.id: row for row in _rows(self._under_way)}
        for image_id in list(self._under_way):
            row = rows.get(image_id)
            if row is None or row.state != ImageState.READY:
                self._end(image_id)
            elif not _missing(row, self._preset):
                self.done.made += 1
                self._end(image_id)
            elif not backfill_wanted(row) and row.due_at is None:
                self.done.given_up.append(image_id)
                self._end(image_id)
            elif row.due_at is None:  # somebody else found its copies whole
                backfill_queue(image_id=image_id)
        return before - len(self._under_way)

    def _end(self, image_id: str) -> None:
        self._under_way.discard(image_id)
        self._progress.advance()


def _rows(ids: set[str]) -> Iterator[Image]:
    return Image.objects.filter(id__in=ids).only(*_COLUMNS).iterator(PAGE)


def _lacking(preset: str, *, after: str, until: str = "") -> Iterator[Image]:
    """Yield ready images that lack something, by id; pages, so that no lock or cursor is held."""
    if preset and preset not in PRESET_BY_NAME:
        raise NotFoundError(
            f"There is no preset {preset!r}; there are {', '.join(PRESET_BY_NAME)}."
        )
    while True:
        rows = Image.objects.filter(state=ImageState.READY, id__gt=after).order_by("id")
        rows = rows.filter(id__lte=until) if until else rows
        page = list(rows.only(*_COLUMNS)[:PAGE])
        yield from (image for image in page if _missing(image, preset))
        if len(page) < PAGE:
            return
        after = page[-1].id


def _missing(image: Image, preset: str) -> set[str]:
    names = renditions_missing(image)
    return {name for name in names if name.startswith(f"{preset}.")} if preset else names


def _keep(run: HealingRun, cursor: str) -> None:
    if cursor > run.cursor:
        run.cursor = cursor
        run.save(update_fields=["cursor", "moved_at"])
