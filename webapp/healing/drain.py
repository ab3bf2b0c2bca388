"""Draining a shard: everything it holds goes where it belongs without it; then it is dead."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.utils import timezone

from webapp.cluster.models import Shard, TopologyVersion
from webapp.cluster.publishing import topology_publish
from webapp.cluster.services import shard_get, version_add
from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import store
from webapp.core.errors import ConflictError
from webapp.core.shards import ShardState
from webapp.core.topology import Topology
from webapp.healing.models import HealingRun
from webapp.healing.moving import (
    MovePlan,
    contents,
    image_move,
    moves_plan,
    with_state,
)
from webapp.healing.moving_run import Moved, Pace, cursor_of, pass_run, pause_seconds
from webapp.healing.rebuild_seen import ImageSeen, images_listed

log = structlog.get_logger(__name__)

VERB = "drain"
DRAINABLE = {
    ShardState.JOINING.label,
    ShardState.ACTIVE.label,
    ShardState.READ_ONLY.label,
    ShardState.DRAINING.label,
}


@dataclass(frozen=True, slots=True)
class Drained:
    """How a drain ended.

    Args:
        moved: What was done.
        dead: Whether nothing was left, and the shard is dead now.
    """

    moved: Moved
    dead: bool


def drain_plan(*, name: str, advance: Callable[[], object] = lambda: None) -> MovePlan:
    """Return what has to be copied from or for a shard that goes. Changes nothing.

    Raises:
        NotFoundError: There is no such shard.
        ConflictError: It cannot be drained; says why.
        ShardsUnavailableError: A shard did not answer.
    """
    drain_check(name=name)
    topology = with_state(topology_now(), name, ShardState.DRAINING)
    return moves_plan(topology=topology, concerns=lambda seen: name in seen.names, advance=advance)


def drain_check(*, name: str) -> Shard:
    """Return a shard that may be drained.

    Raises:
        NotFoundError: There is no such shard.
        ConflictError: It is down or dead, or too few others of its pool would take uploads.
    """
    shard = shard_get(name=name)
    if shard.state not in DRAINABLE:
        raise ConflictError(f"Shard {name!r} is {shard.state}; only one that answers is drained.")
    others = shard.pool.shards.filter(state=ShardState.ACTIVE.label).exclude(name=name).count()
    if others < min(shard.pool.quorum, others + 1) or not others:
        raise ConflictError(
            f"Without {name!r} pool {shard.pool_id!r} has {others} active shards, fewer than the "
            f"{shard.pool.quorum} an upload needs. Add shards first."
        )
    return shard


def drain_begin(*, name: str) -> Topology:
    """Set a shard draining, and give its pool a version without it. Twice is once.

    From then on it takes no new images, and its share belongs to the next positions.
    """
    if drain_check(name=name).state == ShardState.DRAINING.label:
        return topology_now()

    def change() -> None:
        shard = drain_check(name=name)  # here, where no other publication can change it
        shard.state = ShardState.DRAINING.label
        shard.save(update_fields=["state"])
        if _places_on(shard):
            version_add(pool=shard.pool)

    return topology_publish(change=change)


def _places_on(shard: Shard) -> bool:
    """Return whether the newest version of its pool places new images on a shard."""
    newest = TopologyVersion.objects.filter(pool=shard.pool).first()
    return newest is not None and any(s["name"] == shard.name for s in newest.shards)


def drain_run(*, name: str, pace: Pace) -> Drained:
    """Move everything off a shard, verify it, and declare the shard dead. Twice is once.

    Reads and writes go on. Copies are removed as those of any stand-in: under the image's
    lease, after every home was read and found good, 10 minutes after the newest was written.
    May be killed at any moment and run again.

    Raises:
        ConflictError: As ``drain_check``.
        ShardUnavailableError: The shard stopped to answer; run it again.
    """
    drain_begin(name=name)
    run, _ = HealingRun.objects.get_or_create(verb=VERB, scope=name, finished_at=None)
    moved, left = Moved(), left_on(name)
    while left:
        pass_run(run, left, move=image_move, pace=pace, moved=moved)
        left = left_on(name)
        if left and (not pace.wait or moved.short):
            break
        if left:
            pace.sleep(pause_seconds())
    moved.left = left
    if not left:
        _dead(name, run)
    return Drained(moved, dead=not left)


def left_on(name: str) -> list[str]:
    """Return the images of which a shard still holds bytes, in the order of their keys.

    Raises:
        ShardUnavailableError: It did not answer to the end.
    """
    keys = store(shard_get(name=name).entry).keys("")
    listed = {name: [key for key in keys if _is_blob(key)]}
    found = [str(seen.image_id) for seen in images_listed(listed) if _has_contents(seen)]
    return sorted(found, key=cursor_of)


def _is_blob(key: str) -> bool:
    return not key.startswith("_") and key.count("/") == 2  # noqa: PLR2004 - partition/id/blob


def _has_contents(seen: ImageSeen) -> bool:
    return any(contents(names) for names in seen.names.values())


def _dead(name: str, run: HealingRun) -> None:
    def change() -> None:
        Shard.objects.filter(name=name).update(state=ShardState.DEAD.label, emptied=True)

    topology_publish(change=change)
    run.finished_at = timezone.now()
    run.save()
    log.info("shard drained", shard=name)
