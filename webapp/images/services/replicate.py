"""Copies of an image on its homes; hand-offs where a home cannot take one."""

from webapp.cluster.snapshot import topology_now
from webapp.core.label import Label
from webapp.core.presets import RENDITION_TYPES
from webapp.images.copies import (
    Placement,
    copies_bring,
    copy_verify,
    holders,
    original_name,
)
from webapp.images.models import Image, ImageState
from webapp.images.services.outcome import Outcome, image_find
from webapp.images.services.replicas import label_of, replicas_keep, replicas_note
from webapp.images.services.settle import image_settle
from webapp.storage.base import Check
from webapp.storage.race import Placed


def renditions_settle(*, image: Image, complete: bool) -> None:
    """Follow up on stored renditions: the image becomes ready, or its copies are made up for.

    Args:
        image: The row its renditions were just recorded for.
        complete: Whether every rendition reached its homes.
    """
    image.refresh_from_db(fields=["replicas"])
    placement = Placement.of(image.image_id, topology_now())
    held = {r["shard"] for r in image.replicas}
    if complete and at_home(placement, held, placement.version.replica_count):
        image_settle(image_id=image.id)
    else:
        image_replicate(image_id=image.id)


def image_replicate(*, image_id: str) -> Outcome:
    """Bring an image to R verified copies, its renditions and its manifest. Twice is once.

    Raises:
        ShardUnavailableError: No good copy could be read now; the row stays due.
    """
    image = image_find(image_id=image_id)
    if image is None or image.state == ImageState.DELETED:
        return Outcome.GONE
    placement = Placement.of(image.image_id, topology_now())
    complete = _bring_original(image, placement) & _bring_renditions(image, placement)
    if image_settle(image_id=image_id, complete=complete) and complete:
        return Outcome.DONE
    return Outcome.SHORT


def _bring_original(image: Image, placement: Placement) -> bool:
    name, wanted = original_name(image), placement.version.replica_count
    have = _verified(image, placement, placement.key(name))
    done = copies_bring(placement, name, label_of(image), wanted=wanted, have=have)
    replicas_note(image, [Placed(shard, check) for shard, check in done.items()])
    return at_home(placement, {*have, *done}, wanted)


def _verified(image: Image, placement: Placement, key: str) -> list[str]:
    """Return who holds the original; copies the index does not know of are read back first."""
    known = {r["shard"] for r in image.replicas if r["check"] == Check.VERIFIED.value}
    found = holders(placement.readable(), key, image.digest)
    fresh = [n for n in found if n not in known and copy_verify(placement, n, key, image.digest)]
    replicas_keep(image, [n for n in found if n in known], fresh)
    return [name for name in found if name in known or name in fresh]


def _bring_renditions(image: Image, placement: Placement) -> bool:
    wanted = placement.version.rendition_replica_count
    complete = True
    for name, record in image.renditions.items():
        label = Label(record["digest"], RENDITION_TYPES[name.rpartition(".")[2]])
        have = holders(placement.readable(), placement.key(name), label.digest)
        done = copies_bring(placement, name, label, wanted=wanted, have=have)
        complete &= at_home(placement, {*have, *done}, wanted)
    return complete


def at_home(placement: Placement, held: set[str], wanted: int) -> bool:
    """Return whether the first ``wanted`` homes hold a blob."""
    return set(placement.home_names()[:wanted]) <= held
