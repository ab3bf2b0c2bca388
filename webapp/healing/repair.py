"""The walk of a repair: image by image, throttled, resumable, and a summary at its end."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import structlog
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.utils import timezone

from webapp.core.errors import ShoeboxError
from webapp.healing.models import HealingRun
from webapp.healing.progress import Progress
from webapp.healing.repair_scope import Scope, scope_page
from webapp.healing.throttle import Throttle
from webapp.images.services.mend import Code
from webapp.images.services.repair import Repaired, image_repair

log = structlog.get_logger(__name__)

VERB = "repair"
PAGE = 100
AHEAD = 2
"""Images beyond those under way, so that no thread waits for the one that counts and rests."""


@dataclass(slots=True)
class Summary:
    """What a repair found and did.

    Args:
        codes: How often each code.
        images: How many were looked at, in this run and those it went on from.
        short: Images that are not whole now.
        finished: Whether the walk came to its end.
    """

    codes: Counter[str] = field(default_factory=Counter)
    images: int = 0
    short: int = 0
    bytes_moved: int = 0
    finished: bool = False

    @property
    def whole(self) -> bool:
        """Whether everything was looked at and is as it should be."""
        return self.finished and not self.short

    def add(self, repaired: Repaired) -> None:
        """Count one image."""
        self.codes.update(repaired.codes)
        self.images += 1
        self.short += not repaired.whole
        self.bytes_moved += repaired.bytes_moved


def run_find(scope: Scope) -> HealingRun | None:
    """Return the run of this scope that was not finished, if there is one."""
    return HealingRun.objects.filter(verb=VERB, scope=str(scope), finished_at=None).first()


def repair_run(
    *,
    scope: Scope,
    apply: bool,
    throttle: Throttle,
    progress: Progress,
    parallel: int = 1,
    until: Callable[[], bool] = lambda: False,
) -> Summary:
    """Repair every image of a scope. Twice is once; a killed run goes on where it was.

    Args:
        scope: What is walked.
        apply: False: look and count only; nothing is kept of the run either.
        throttle: Told of every byte and blob read and moved.
        progress: Told of every image.
        parallel: Images at a time.
        until: Asked between pages; True ends the run early, and a later one goes on.
    """
    run = (run_find(scope) if apply else None) or HealingRun(verb=VERB, scope=str(scope))
    summary = _summary_of(run)
    after = run.cursor
    work = partial(_repair, scope=scope, apply=apply, throttle=throttle)
    while not until():
        ids, after = scope_page(scope, after=after, limit=PAGE)
        if not after:
            summary.finished = True
            break
        for repaired in _repair_many(ids, work, parallel=parallel):
            summary.add(repaired)
            progress.advance(bytes_moved=repaired.bytes_moved)
            throttle.step()
        if apply:
            _keep(run, summary, after)
    if apply and summary.finished:
        _finish(run, summary)
    return summary


def _summary_of(run: HealingRun) -> Summary:
    codes = Counter(run.counts)
    images, short = codes.pop("images", 0), codes.pop("short-images", 0)
    return Summary(codes, images, short, codes.pop("bytes", 0))


def _keep(run: HealingRun, summary: Summary, cursor: str) -> None:
    run.cursor = cursor
    run.counts = {
        **summary.codes,
        "images": summary.images,
        "short-images": summary.short,
        "bytes": summary.bytes_moved,
    }
    run.save()


def _finish(run: HealingRun, summary: Summary) -> None:
    run.finished_at = timezone.now()
    _keep(run, summary, run.cursor)
    log.info("repair finished", scope=run.scope, short=summary.short, codes=run.counts)


def _repair_many(
    ids: Sequence[str], work: Callable[[str], Repaired], *, parallel: int
) -> Iterator[Repaired]:
    """Yield what became of each image; ``parallel`` are under way, and few wait."""
    if parallel == 1:
        yield from map(work, ids)
        return

    def kept(image_id: str) -> Repaired:
        try:
            return work(image_id)
        finally:
            connection.close_if_unusable_or_obsolete()

    waiting = iter(ids)
    with _threads(parallel) as threads:
        running: set[Future[Repaired]] = {
            threads.submit(kept, image_id) for image_id in islice(waiting, parallel + AHEAD)
        }
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
                running |= {threads.submit(kept, image_id) for image_id in islice(waiting, 1)}


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads that keep their connection to the index from image to image."""
    opened = []

    def begin() -> None:
        connection.inc_thread_sharing()  # it is closed by whoever waits for this thread
        opened.append(connections[DEFAULT_DB_ALIAS])

    try:
        with ThreadPoolExecutor(count, "repair", initializer=begin) as threads:
            yield threads
    finally:
        for one in opened:
            one.close()


def _repair(image_id: str, *, scope: Scope, apply: bool, throttle: Throttle) -> Repaired:
    try:
        return image_repair(
            image_id=image_id, depths=scope.depths, apply=apply, spent=throttle.blob
        )
    except ShoeboxError as error:
        log.warning("repair failed", image=image_id, code=error.code, detail=error.detail)
        return Repaired(Counter({Code.FAILED: 1}), whole=False)
