"""Repairs through the queue: one scope per message, one slice of it per task."""

import time
from collections.abc import Iterator

from django.db import transaction

from webapp.cluster.snapshot import topology_now
from webapp.healing.progress import Progress
from webapp.healing.repair import Summary, repair_run
from webapp.healing.repair_scope import Scope, scope_page, scope_parse
from webapp.healing.throttle_options import throttle_of
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Task

SLICE_SECONDS = 200.0
"""Well below what any task may take; the page under way is finished first."""
PAGE = 10_000
_ID_PARTITION = slice(4, 7)


def repair_queue(*, scope: Scope) -> int:
    """Queue a repair, partition by partition; return how many there are.

    A partition without images has no message. Each is one message, and the outbox publishes
    them no faster than the broker takes them.
    """
    if scope.image:
        scopes = [scope]
    else:
        scopes = [Scope(partition=p, shard=scope.shard) for p in sorted(set(_partitions(scope)))]
    for one in scopes:
        with transaction.atomic():
            outbox_add(subject=str(one), tasks=[Task.REPAIR])
    return len(scopes)


def _partitions(scope: Scope) -> Iterator[str]:
    after = ""
    while True:
        ids, after = scope_page(scope, after=after, limit=PAGE)
        yield from (image_id[_ID_PARTITION] for image_id in ids)
        if not after:
            return


def repair_slice(*, subject: str) -> Summary:
    """Repair a part of a scope, for as long as a task may take, and queue the rest of it.

    Args:
        subject: A scope as text.
    """
    scope = scope_parse(subject)
    if scope.shard and scope.shard not in topology_now().shards:
        return Summary(finished=True)
    until = time.monotonic() + SLICE_SECONDS
    summary = repair_run(
        scope=scope,
        apply=True,
        throttle=throttle_of({}),
        progress=Progress(subject),
        until=lambda: time.monotonic() > until,
    )
    if not summary.finished:
        with transaction.atomic():
            outbox_add(subject=subject, tasks=[Task.REPAIR])
    return summary
