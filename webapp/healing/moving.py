"""What a drain and a rebalance have in common: the plan, and moving one image."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import structlog

from webapp.cluster.stores import fleet
from webapp.core.errors import ShardsUnavailableError, ShoeboxError
from webapp.core.ids import ImageId, all_partitions
from webapp.core.moves import BlobHeld, Move, plan_moves
from webapp.core.shards import ShardState
from webapp.core.topology import Topology
from webapp.healing.rebuild_seen import ImageSeen, images_listed
from webapp.healing.scrub_walk import ShardWalk, listing
from webapp.images.copies import Placement, original_name
from webapp.images.models import Image, ImageState
from webapp.images.services import Outcome, image_erase_finish
from webapp.images.services.mend import Code, Spent, no_rest
from webapp.images.services.repair import Repaired, image_repair, labels_only

log = structlog.get_logger(__name__)

_WRONG = {Code.SHORT, Code.LOST, Code.CANNOT_TELL, Code.FAILED}


@dataclass(slots=True)
class MovePlan:
    """What has to be copied where.

    Args:
        moves: Each copy.
        images: Images concerned, also those that have nothing to be copied.
        orphans: Images the index does not have; they must be adopted first.
        short: Version that places images → shards it has left for them, and copies wanted,
            where these are more.
    """

    moves: list[Move] = field(default_factory=list)
    images: int = 0
    orphans: list[str] = field(default_factory=list)
    short: dict[int, tuple[int, int]] = field(default_factory=dict)


def moves_plan(
    *,
    topology: Topology,
    concerns: Callable[[ImageSeen], bool],
    advance: Callable[[], object] = lambda: None,
) -> MovePlan:
    """Return what has to be copied so that images lie where a topology says. Reads no blob.

    Args:
        topology: As it will be.
        concerns: Whether an image is to be moved.
        advance: Called after each partition.

    Raises:
        ShardsUnavailableError: A shard did not answer: what it holds is not known.
    """
    plan = MovePlan()
    for images in partitions_listed(topology, advance=advance):
        mine = [seen for seen in images if concerns(seen)]
        rows = Image.objects.in_bulk([str(seen.image_id) for seen in mine])
        plan.images += len(mine)
        for seen in mine:
            row = rows.get(str(seen.image_id))
            if row is None:
                plan.orphans.append(str(seen.image_id))
                continue
            placement = Placement.of(seen.image_id, topology)
            left, wanted = len(placement.home_names()), placement.version.replica_count
            if left < wanted:
                plan.short[placement.version.number] = left, wanted
            plan.moves += _moves_of(row, seen, placement)
    return plan


def partitions_listed(
    topology: Topology, *, advance: Callable[[], object]
) -> Iterator[list[ImageSeen]]:
    """Yield the images of each partition by what the shards list.

    Raises:
        ShardsUnavailableError: A readable shard did not answer.
    """
    names = [entry.name for entry in topology.shards.values() if entry.state.readable]
    walks = {s.name: ShardWalk(s, whole=True) for s in fleet().stores(topology, names)}
    for partition in all_partitions():
        listed = listing(walks, partition)
        silent = [name for name, keys in listed.items() if keys is None]
        if silent:
            raise ShardsUnavailableError(
                f"{', '.join(silent)} did not answer; what must be moved is not known. Bring "
                "it back, or set it down."
            )
        if images := images_listed(listed):
            yield images
        advance()


def _moves_of(image: Image, seen: ImageSeen, placement: Placement) -> list[Move]:
    version = placement.version
    wanted = [(original_name(image), image.bytes, version.replica_count)]
    few = version.rendition_replica_count
    wanted += [(name, record["bytes"], few) for name, record in image.renditions.items()]
    if _erased(image):
        return []  # what is left of it is erased, not moved
    blobs = [BlobHeld(name, size, count, seen.holding(name)) for name, size, count in wanted]
    return plan_moves(image_id=image.id, blobs=blobs, homes=placement.home_names())


def _erased(image: Image) -> bool:
    return image.state == ImageState.DELETED and image.restorable_until is None


def with_state(topology: Topology, name: str, state: ShardState) -> Topology:
    """Return the topology as it would be with a shard in another state."""
    entry = replace(topology.shards[name], state=state)
    return replace(topology, shards=MappingProxyType({**topology.shards, name: entry}))


def image_move(image_id: ImageId, spent: Spent = no_rest) -> Repaired:
    """Bring one image to its homes, and remove what stood in once that is allowed.

    Twice is once. Whatever goes wrong with it stops nobody else.
    """
    row = Image.objects.filter(id=str(image_id)).first()
    if row is None:
        return Repaired(whole=False)  # an orphan stays where it is until it is adopted
    try:
        if _erased(row):
            spent(0)
            confirmed = {Outcome.DONE, Outcome.LATER}
            return Repaired(whole=image_erase_finish(image_id=row.id) in confirmed)
        return _bring(row, spent)
    except ShoeboxError as error:
        log.warning("image not moved", image=str(image_id), code=error.code, detail=error.detail)
        return Repaired(whole=False)


def _bring(row: Image, spent: Spent) -> Repaired:
    repaired = image_repair(image_id=row.id, depths=labels_only, apply=True, spent=spent)
    if row.state == ImageState.STORED:
        # It waits for its renditions, not for a place.
        return replace(repaired, whole=not _WRONG & repaired.codes.keys())
    return repaired


def contents(names: Collection[str]) -> set[str]:
    """Return the blobs that have to be moved; records lie on every position anyway."""
    return {name for name in names if name not in {"manifest.json", "tombstone"}}
