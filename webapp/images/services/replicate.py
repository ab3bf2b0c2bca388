"""Copies of an image on its homes; hand-offs where a home cannot take one."""

from collections.abc import Mapping

from webapp.cluster.read_only import writable_state
from webapp.cluster.snapshot import topology_now
from webapp.core.manifest import RenditionRecord
from webapp.images.copies import Placement
from webapp.images.models import Image, ImageState
from webapp.images.services.erase import image_erase_again
from webapp.images.services.mend import Code
from webapp.images.services.outcome import Outcome
from webapp.images.services.repair import image_repair, labels_only
from webapp.images.services.rows import row_claim_recorded
from webapp.images.services.settle import claimed_settle


def renditions_settle(
    *, image: Image, records: Mapping[str, RenditionRecord], look: Mapping[str, str], complete: bool
) -> None:
    """Note stored renditions: the image becomes ready, or its copies are made up for.

    Of an image that was erased while they were made they are erased, too.

    Args:
        image: The row the attempt was begun with.
        records: What was stored, by name.
        look: Its ``placeholder`` and ``colour``; empty: as they were noted before.
        complete: Whether every rendition reached its homes.

    Raises:
        ReadOnlyError: Nothing may be written at the moment.
    """
    claimed = row_claim_recorded(image=image, records=records, look=look)
    if claimed is None:
        writable_state()
        return
    if claimed.state == ImageState.DELETED:
        image_erase_again(image_id=image.id)
        return
    placement = Placement.of(image.image_id, topology_now())
    held = {r["shard"] for r in claimed.replicas}
    homes = set(placement.home_names()[: placement.version.replica_count])
    # With a copy more than belongs there, somebody has to come back for it.
    if complete and held == homes:
        claimed_settle(claimed, placement=placement)
    else:
        image_replicate(image_id=image.id)


def image_replicate(*, image_id: str) -> Outcome:
    """Bring an image to R verified copies, its renditions and its manifest. Twice is once."""
    repaired = image_repair(image_id=image_id, depths=labels_only, apply=True)
    if Code.GONE in repaired.codes:
        return Outcome.GONE
    return Outcome.DONE if repaired.whole else Outcome.SHORT
