"""What the system itself does to shards that are full, and to those that have room again."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from django.utils import timezone

from webapp.audit.actions import Action
from webapp.audit.services import audit_add
from webapp.cluster.models import Pool, Shard
from webapp.cluster.publishing import topology_publish
from webapp.cluster.services import version_add
from webapp.core.errors import ConflictError
from webapp.core.shards import ShardState

log = structlog.get_logger(__name__)

AUTOMATIC_EVERY = timedelta(minutes=10)


def automatic_allowed(pool: Pool) -> bool:
    """Return whether the system may publish a version of a pool now."""
    return pool.automatic_at is None or timezone.now() - pool.automatic_at >= AUTOMATIC_EVERY


def shards_change_by_system(
    *, pool: Pool, closed: Mapping[str, str], opened: Sequence[str], version: bool
) -> None:
    """Close full shards and open those with room, and publish what then is.

    Args:
        pool: As it was read; somebody else's version meanwhile makes this one a conflict.
        closed: Shards that become read_only, and why.
        opened: Shards that become active again.
        version: Whether a version over the shards that are active then is added.

    Raises:
        ConflictError: Another process was first; look again.
        ShardsUnavailableError, TopologyConflictError: As ``topology_publish``.
    """

    def change() -> None:
        if version:
            _claim(pool)
        for name, reason in closed.items():
            _change(name, ShardState.ACTIVE, ShardState.READ_ONLY, reason)
        for name in opened:
            _change(name, ShardState.READ_ONLY, ShardState.ACTIVE, "")
        if version:
            version_add(pool=pool)

    topology_publish(change=change)
    log.warning(
        "shards changed by the system", pool=pool.name, closed=dict(closed), opened=list(opened)
    )


def _claim(pool: Pool) -> None:
    rows = Pool.objects.filter(name=pool.name, automatic_at=pool.automatic_at)
    if not rows.update(automatic_at=timezone.now()):
        raise ConflictError(f"Pool {pool.name!r} got a version by another process just now.")


def _change(name: str, before: ShardState, after: ShardState, reason: str) -> None:
    rows = Shard.objects.filter(name=name, state=before.label)
    values: dict[str, object] = {"state": after.label, "full_reason": reason[:200]}
    if after is ShardState.ACTIVE:
        values["full_at"] = None
    if not rows.update(**values):
        raise ConflictError(f"Shard {name!r} is not {before.label} any more.")
    details = {"from": before.label, "to": after.label, "by": "system", "reason": reason}
    audit_add(action=Action.SHARD_STATE, subject=name, details=details)
