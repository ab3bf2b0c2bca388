"""Rebalancing: the images of one version are placed under a newer one, for good.

The topology says so first, so that readers look in the new place and then in the old one, and
whoever writes does so in both. Only then copies are made; the old ones go 10 minutes later.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import structlog
from django.conf import settings
from django.utils import timezone

from webapp.cluster.models import TopologyVersion
from webapp.cluster.publishing import topology_publish
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import ConflictError, NotFoundError, ShoeboxError, UnknownVersionError
from webapp.core.ids import ImageId, Kind, number_encode
from webapp.core.placement import positions
from webapp.core.topology import Topology, with_move
from webapp.healing.models import HealingRun
from webapp.healing.moving import MovePlan, contents, image_move, moves_plan, partitions_listed
from webapp.healing.moving_run import Moved, Pace, cursor_of, pass_run, pause_seconds
from webapp.healing.rebuild_seen import ImageSeen
from webapp.images.models import Image
from webapp.images.services.mend import Spent
from webapp.images.services.moved import image_moved
from webapp.images.services.repair import Repaired

log = structlog.get_logger(__name__)

VERB = "rebalance"


@dataclass(frozen=True, slots=True)
class Rebalanced:
    """How a rebalance ended.

    Args:
        moved: What was done.
        finished: Whether nothing is left in the old place alone or beside the new one.
    """

    moved: Moved
    finished: bool


def rebalance_check(*, old: int, new: int) -> Topology:
    """Return the topology as it will be when version ``old`` is placed under ``new``.

    Raises:
        NotFoundError: There is no such version.
        ConflictError: ``old`` still gets new images, was moved elsewhere, or belongs to
            another pool; or ``new`` is not the newer one.
    """
    topology = topology_now()
    try:
        before, after = topology.version(old), topology.version(new)
    except UnknownVersionError as error:
        raise NotFoundError(f"There is no topology version {error.extra['version']}.") from None
    if before.pool != after.pool:
        raise ConflictError(f"Version {old} is of pool {before.pool!r}, {new} of {after.pool!r}.")
    current = topology.current(before.pool, now=time.time())
    if current is not None and current.number == old:
        raise ConflictError(
            f"New images of pool {before.pool!r} are named under version {old}. Activate shards, "
            f"wait {settings.SHOEBOX.activation_seconds:g} s for the next version, and move this "
            "one then."
        )
    moved = topology.moves.get(old)
    if moved == new:
        return topology
    if moved is not None or new <= old:
        raise ConflictError(
            f"Version {old} cannot be moved to {new}; moves so far: {dict(topology.moves)}."
        )
    return with_move(topology, old=old, new=new)


def rebalance_plan(*, old: int, new: int, advance: Callable[[], object] = lambda: None) -> MovePlan:
    """Return what has to be copied to place a version under a newer one. Changes nothing.

    Raises:
        NotFoundError, ConflictError: As ``rebalance_check``.
        ShardsUnavailableError: A shard did not answer.
    """
    topology = rebalance_check(old=old, new=new)
    along = moved_along(topology, old)
    return moves_plan(
        topology=topology, concerns=lambda seen: seen.image_id.version in along, advance=advance
    )


def rebalance_begin(*, old: int, new: int) -> HealingRun:
    """Publish that a version is placed under another, before anything is copied. Twice is once."""
    topology = rebalance_check(old=old, new=new)
    run, _ = HealingRun.objects.get_or_create(verb=VERB, scope=f"{old} to {new}", finished_at=None)
    if topology_now().moves.get(old) != new:

        def change() -> None:
            TopologyVersion.objects.filter(number=old).update(moved_to=new)

        topology = topology_publish(change=change)
        log.info("version moved", old=old, new=new, revision=topology.revision)
    return run


def rebalance_run(
    *, old: int, new: int, pace: Pace, known_after: float | None = None
) -> Rebalanced:
    """Move a version's images where a newer one places them. Twice is once.

    Reads and writes go on. May be killed at any moment and run again.

    Args:
        old: The version they are named under; that stays.
        new: The version that says where they belong from now on.
        pace: How fast.
        known_after: Seconds until every reader and writer knows of it; nothing is copied before.
            None: as long as a new version takes.

    Raises:
        NotFoundError, ConflictError: As ``rebalance_check``.
    """
    run = rebalance_begin(old=old, new=new)
    known_after = settings.SHOEBOX.activation_seconds if known_after is None else known_after
    since = (timezone.now() - run.started_at).total_seconds()
    if since < known_after:
        pace.sleep(known_after - since)
    moved, left = Moved(), _images(old)
    while True:
        pass_run(run, left, move=partial(_move, new), pace=pace, moved=moved)
        left = left_behind(old)
        if not left or moved.short or not pace.wait:
            break
        pace.sleep(pause_seconds())
    moved.left = left
    if not left and not moved.short:
        run.finished_at = timezone.now()
        run.save()
    return Rebalanced(moved, finished=not left and not moved.short)


def moved_along(topology: Topology, old: int) -> set[int]:
    """Return the versions that a move of ``old`` moves: itself, and those moved to it before."""
    numbers = topology.versions.keys()
    return {n for n in numbers if old in {version.number for version in topology.places(n)}}


def _images(old: int) -> list[str]:
    """Return the ids of the images a version places, in the order they are walked."""
    found: list[str] = []
    for number in map(number_encode, moved_along(topology_now(), old)):
        for kind in Kind:
            rows = Image.objects.filter(id__startswith=f"{kind}{number}")
            found += rows.values_list("id", flat=True)
    return sorted(found, key=cursor_of)


def _move(new: int, image_id: ImageId, spent: Spent) -> Repaired:
    repaired = image_move(image_id, spent)
    if not repaired.whole:
        return repaired
    try:
        image_moved(image_id=str(image_id), version=new)
    except ShoeboxError as error:
        log.warning("move not noted", image=str(image_id), code=error.code, detail=error.detail)
        return replace(repaired, whole=False)
    return repaired


def left_behind(old: int) -> list[str]:
    """Return the images of a version that still have bytes where they do not belong.

    Raises:
        ShardsUnavailableError: A shard did not answer.
    """
    topology = topology_now()
    along = moved_along(topology, old)
    found: list[str] = []
    for images in partitions_listed(topology, advance=lambda: None):
        mine = [seen for seen in images if seen.image_id.version in along]
        found += [str(seen.image_id) for seen in mine if _left(seen, topology)]
    return found


def _left(seen: ImageSeen, topology: Topology) -> bool:
    target = topology.places(seen.image_id.version)[0]
    belongs = {spec.name for spec in positions(target, seen.image_id.partition)}
    return any(contents(names) for shard, names in seen.names.items() if shard not in belongs)
