"""Watching shards: one that is back gets what was handed off, one that is dead is made up for."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from webapp.cluster.clock import index_now
from webapp.cluster.models import Shard
from webapp.cluster.publishing import topology_publish
from webapp.cluster.read_only import read_only_reason
from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import fleet
from webapp.core.keys import IDENTITY_KEY
from webapp.core.shards import ShardState
from webapp.core.topology import Topology
from webapp.healing.full import full_look
from webapp.healing.models import HealingRun, ShardWatch
from webapp.healing.repair import VERB
from webapp.healing.repair_scope import Scope
from webapp.images.models import Image, ImageState
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Task
from webapp.storage.everywhere import stat_all

log = structlog.get_logger(__name__)

WAKE_BATCH = 1000
QUEUED_FOR = timedelta(minutes=15)
SHORT_AGAIN = timedelta(hours=1)


def shards_watch() -> list[str]:
    """Look at every shard; return those that are back since the last look.

    Any number of processes may watch at once: a change is claimed by a conditional UPDATE.
    Nothing is done while the cluster is read-only.
    """
    if read_only_reason():
        return []
    topology = topology_now()
    reachable = _reachable(topology)
    back = [name for name in topology.shards if _changed(name, reachable=name in reachable)]
    back = [name for name in back if name in reachable]
    if back:
        log.info("shards are back", shards=back, images=images_wake())
    full_look()
    dead_look(topology)
    return back


def _reachable(topology: Topology) -> set[str]:
    names = [entry.name for entry in topology.shards.values() if entry.state.readable]
    answers = stat_all(fleet().stores(topology, names), IDENTITY_KEY)
    return {name for name, stat in answers.given.items() if stat is not None}


def _changed(name: str, *, reachable: bool) -> bool:
    """Keep what was seen of a shard; True when it was otherwise before and nobody saw it yet."""
    now = timezone.now()
    _, new = ShardWatch.objects.get_or_create(
        shard=name, defaults={"reachable": reachable, "changed_at": now}
    )
    if new:
        return False
    rows = ShardWatch.objects.filter(shard=name, reachable=not reachable)
    return bool(rows.update(reachable=reachable, changed_at=now))


def images_wake() -> int:
    """Let the sweep look at once at every image that waits for something a shard did not take.

    Those whose renditions are to be made wait for other things, and are left alone.
    """
    woken = 0
    while True:
        now = index_now()
        waiting = Image.objects.filter(due_at__gt=now).exclude(state=ImageState.STORED)
        ids = list(waiting.values_list("id", flat=True)[:WAKE_BATCH])
        if not ids:
            return woken
        woken += Image.objects.filter(id__in=ids, due_at__gt=now).update(due_at=now)


def dead_look(topology: Topology) -> None:
    """Have the share of dead shards restored elsewhere, and say so when that is done."""
    for entry in topology.shards.values():
        if entry.state is ShardState.DEAD and not entry.emptied:
            _dead(entry.name)


def _dead(name: str) -> None:
    scope = str(Scope(shard=name))
    run = HealingRun.objects.filter(verb=VERB, scope=scope).first()
    if run is None or (run.finished_at and run.started_at < _away_since(name)):
        _queue(scope)  # a repair from before it died restored nothing of its share
    elif run.finished_at is None:
        if timezone.now() - run.moved_at > QUEUED_FOR:
            _queue(scope)  # its message was lost
    elif not run.counts.get("short-images"):
        shard_emptied(name=name)
    elif timezone.now() - run.finished_at > SHORT_AGAIN:
        _queue(scope)


def _away_since(name: str) -> datetime:
    """Return when a shard was last seen to go away, which is before it was known to be dead."""
    return ShardWatch.objects.values_list("changed_at", flat=True).get(shard=name)


def _queue(scope: str) -> None:
    with transaction.atomic():
        run, _ = HealingRun.objects.get_or_create(verb=VERB, scope=scope, finished_at=None)
        run.save()
        outbox_add(subject=scope, tasks=[Task.REPAIR])
    log.info("repair queued", scope=scope)


def shard_emptied(*, name: str) -> None:
    """Publish that nothing lies on a dead shard alone, so that "not found" need not wait for it.

    Raises:
        ShardsUnavailableError, TopologyConflictError: As ``topology_publish``.
    """

    def change() -> None:
        Shard.objects.filter(name=name, state=ShardState.DEAD.label).update(emptied=True)

    topology_publish(change=change)
    log.info("share restored", shard=name)
