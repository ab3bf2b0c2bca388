"""What workers count: how long tasks wait and take, renditions, and what could not be decoded."""

import time
from typing import Any

from celery.signals import task_postrun, task_prerun
from prometheus_client import Counter, Histogram

from webapp.images.metrics import SHOWN as OF_IMAGES

WAIT_SECONDS = Histogram(
    "shoebox_task_wait_seconds",
    "From a task's publication to its start; of what the relay published.",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200),
)
RUN_SECONDS = Histogram(
    "shoebox_task_seconds",
    "From a task's start to its end.",
    ["task", "state"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
RENDITIONS = Counter(
    "shoebox_renditions_total", "Renditions made and stored; its rate is their number per second."
)
DECODE_FAILURES = Counter(
    "shoebox_decode_failures_total", "Attempts to decode a picture in vain, by reason.", ["reason"]
)
SHOWN = (WAIT_SECONDS, RUN_SECONDS, RENDITIONS, DECODE_FAILURES, *OF_IMAGES)

_began: dict[str, float] = {}


@task_prerun.connect
def _begin(task_id: str, task: Any, **_kwargs: Any) -> None:
    _began.clear()  # a process does one task at a time; one that was cut short has no end
    _began[task_id] = time.monotonic()
    published_at = getattr(task.request, "published_at", None)
    if isinstance(published_at, float):
        WAIT_SECONDS.labels(task.name).observe(max(time.time() - published_at, 0.0))


@task_postrun.connect
def _end(task_id: str, task: Any, state: str | None = None, **_kwargs: Any) -> None:
    began = _began.pop(task_id, None)
    if began is not None:
        RUN_SECONDS.labels(task.name, state or "UNKNOWN").observe(time.monotonic() - began)
