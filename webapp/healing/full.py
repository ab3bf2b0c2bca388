"""Shards that are full: found out, closed by the system, and opened again when there is room."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from webapp.cluster.closing import automatic_allowed, shards_change_by_system
from webapp.cluster.models import Pool, Shard, TopologyVersion
from webapp.cluster.usage import disk_usage_of
from webapp.core.errors import ConflictError, ShardsUnavailableError
from webapp.core.fullness import Room, shards_to_close, shards_to_open
from webapp.core.shards import ShardState

log = structlog.get_logger(__name__)

TOLD_FOR = timedelta(minutes=10)
"""So long a shard that is in use and said it is full counts as full."""


def full_look() -> None:
    """Look at the room of every shard, and close and open what that calls for.

    One version per pool and 10 minutes at most. A shard that said it is full while its disk
    shows room (a quota, or a store that shows nothing) is opened again by an operator only.
    """
    for pool in Pool.objects.all():
        try:
            _look(pool)
        except (ConflictError, ShardsUnavailableError) as error:
            log.info("full shards left as they are", pool=pool.name, detail=error.detail)


def _look(pool: Pool) -> None:
    active = list(pool.shards.filter(state=ShardState.ACTIVE.label))
    closed = list(pool.shards.filter(state=ShardState.READ_ONLY.label).exclude(full_reason=""))
    rooms = [_room(shard) for shard in active]
    closing = shards_to_close(rooms, quorum=pool.quorum)
    allowed = automatic_allowed(pool)
    opening = shards_to_open(_room(shard) for shard in closed) if allowed else []
    _say(active, rooms, closing)
    owed = allowed and bool(closing or opening or _still_placed(pool, closed))
    if closing or opening or owed:
        reasons = {room.spec.name: _reason(room) for room in rooms if room.spec.name in closing}
        shards_change_by_system(pool=pool, closed=reasons, opened=opening, version=owed)


def _room(shard: Shard) -> Room:
    usage = disk_usage_of(shard)
    part = usage.used / usage.total if usage and usage.total else None
    shoebox = settings.SHOEBOX
    return Room(
        spec=shard.spec,
        used=part,
        told=_told(shard, part),
        high_water=float(shard.options.get("high_water", shoebox.high_water)),
        low_water=float(shard.options.get("low_water", shoebox.low_water)),
    )


def _told(shard: Shard, part: float | None) -> bool:
    if shard.full_at is None:
        return False
    if shard.state == ShardState.ACTIVE.label:
        return timezone.now() - shard.full_at < TOLD_FOR
    high = float(shard.options.get("high_water", settings.SHOEBOX.high_water))
    # Of a disk that showed it was full, what it shows now is enough.
    shown = "of its disk" in shard.full_reason
    return not shown or (part is not None and part >= high)


def _reason(room: Room) -> str:
    if room.used is not None and room.used >= room.high_water:
        return f"full: {room.used:.0%} of its disk is taken; read_only by itself"
    return "full: the store says it has no room; read_only by itself"


def _say(active: Iterable[Shard], rooms: Iterable[Room], closing: Iterable[str]) -> None:
    """Tell staff of shards that are full and have to stay in use all the same."""
    for shard, room in zip(active, rooms, strict=True):
        stays = room.full and shard.name not in closing
        reason = "full; stays in use: no other may take its place" if stays else ""
        if shard.name not in closing and shard.full_reason != reason:
            Shard.objects.filter(name=shard.name, state=shard.state).update(full_reason=reason)


def _still_placed(pool: Pool, closed: Iterable[Shard]) -> bool:
    """Return whether the newest version still places on a shard the system closed."""
    newest = TopologyVersion.objects.filter(pool=pool).order_by("-number").first()
    names = {shard["name"] for shard in newest.shards} if newest else set()
    return any(shard.name in names for shard in closed)
