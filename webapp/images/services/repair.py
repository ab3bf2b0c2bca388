"""Making one image whole: R verified copies of everything it has, on its homes.

The task that replicates a fresh upload and the repair of an old image are this one function;
they differ in how closely they look.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from webapp.cluster.snapshot import topology_now
from webapp.core.on_demand import is_on_demand
from webapp.core.repair import Place, Sight, Step, Verb, plan_blob
from webapp.images.copies import Placement
from webapp.images.looking import Depth, Depths, Wanted, blobs_wanted, image_look, places
from webapp.images.models import Image, ImageState
from webapp.images.on_demand import made_wanted
from webapp.images.services.erase import image_erase_again
from webapp.images.services.lease import Lease, image_leased
from webapp.images.services.mend import (
    REMOVED,
    WRITTEN,
    Code,
    Spent,
    Tally,
    blob_remove,
    blob_write,
    no_rest,
)
from webapp.images.services.remake import image_remake
from webapp.images.services.replicas import replicas_see
from webapp.images.services.rewrite import manifest_mend
from webapp.images.services.rows import row_find
from webapp.images.services.settle import image_settle


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was found and done for one image.

    Args:
        codes: How often each ``Code``.
        whole: Whether nothing is missing anywhere now.
        bytes_moved: Written to shards.
    """

    codes: Mapping[str, int] = field(default_factory=Counter)
    whole: bool = True
    bytes_moved: int = 0


def read_all(_shard: str) -> Depth:
    """Look closely everywhere: every copy is read and hashed."""
    return Depth.READ


def labels_only(_shard: str) -> Depth:
    """Take copies the index knows by what they say of themselves."""
    return Depth.LABELLED


def suspecting(shard: str) -> Depths:
    """Look closely at one shard, and take the index's word for the others."""
    return lambda name: Depth.READ if name == shard else Depth.INDEX


def image_repair(
    *, image_id: str, depths: Depths = read_all, apply: bool, spent: Spent = no_rest
) -> Repaired:
    """Bring everything an image has to its homes again, from any good copy. Twice is once.

    A bad copy goes to quarantine and is replaced; it never replaces a good one. A shard that
    cannot tell is left alone. Renditions that are lost everywhere are made again. Copies that
    stood in are removed as ``stand_ins_remove`` says. Of a deleted image that can be restored
    the bytes are worth as much; its records are the deletion's business. An erased one is gone.

    Args:
        image_id: The image.
        depths: How closely each shard is looked at.
        apply: False: look and say what would be done.
        spent: Told of each copy as it was read or written, and of the records once, so that
            an image of many copies does not keep the disks of others busy all at once.
    """
    image = row_find(image_id=image_id)
    if image is None or _erased(image):
        return Repaired(Counter({Code.GONE: 1}))
    placement = Placement.of(image.image_id, topology_now())
    tally = Tally(spent)
    look = _without_bad_sizes(_look(image, placement, depths), placement, tally, apply=apply)
    done = _write_all(image, placement, look, tally) if apply else _say_all(look, tally)
    if tally.suspicious and depths is not read_all:
        return image_repair(image_id=image_id, depths=read_all, apply=apply, spent=spent)
    for size in _sizes_read(look):  # no earlier: what was seen grows old
        spent(size)
    complete = _conclude(look, done, tally, apply=apply)
    if image.state != ImageState.DELETED:
        complete &= manifest_mend(image, placement, depths, tally, apply=apply)
    if apply:
        _note(image, look, done)
        complete &= _follow_up(image, look, done, tally, complete=complete)
    if complete and not tally.codes:
        tally.codes[Code.WHOLE] += 1
    spent(0)
    return Repaired(tally.codes, complete, tally.bytes_moved)


Look = Sequence[tuple[Wanted, Sequence[Place]]]
Done = Mapping[str, set[str]]
"""Blob → shards it was written to."""


def _look(image: Image, placement: Placement, depths: Depths) -> Look:
    wanted, made = blobs_wanted(image, placement), set[str]()
    seen = image_look(image, placement, wanted, depths, made=made)
    look = [(blob, places(image, placement, blob, seen)) for blob in wanted]
    if not made:
        return look
    sizes = made_wanted(placement, made)
    seen = image_look(image, placement, sizes, depths)
    return [*look, *((blob, places(image, placement, blob, seen)) for blob in sizes)]


def _without_bad_sizes(look: Look, placement: Placement, tally: Tally, *, apply: bool) -> Look:
    """Put away sizes on demand of which every copy is bad; they are made again when asked for."""
    good = []
    for blob, at in look:
        if not (is_on_demand(blob.name) and plan_blob(at, wanted=blob.count).lost):
            good.append((blob, at))
            continue
        for place in at:
            step = Step(Verb.DISCARD, place.shard)
            if place.sight in {Sight.BAD, Sight.STALE} and (
                not apply or blob_remove(placement, blob, step)
            ):
                tally.codes[Code.DISCARDED] += 1
    return good


def _write_all(image: Image, placement: Placement, look: Look, tally: Tally) -> Done:
    plans = [(blob, at, plan_blob(at, wanted=blob.count)) for blob, at in look]
    if any(plan.writes for _, _, plan in plans):
        # Said before anything is written: what stands in stays for a while from here on.
        Image.objects.filter(id=image.id).update(copied_at=timezone.now())
    return {
        blob.name: blob_write(placement, blob, plan, at, tally)
        for blob, at, plan in plans
        if plan.writes
    }


def _say_all(look: Look, tally: Tally) -> Done:
    for blob, at in look:
        plan = plan_blob(at, wanted=blob.count)
        homes = {place.shard for place in at if place.home}
        spare = plan.wanted - plan.presumed
        for step in plan.writes:
            spare -= 1
            if step.shard in homes or spare >= 0:
                tally.codes[WRITTEN[step.verb]] += 1
        for step in plan.removals:
            tally.codes[REMOVED[step.verb]] += 1
    return {}


def _note(image: Image, look: Look, done: Done) -> None:
    """Keep in the index what was seen and written of the original."""
    blob, at = look[0]
    written = done.get(blob.name, set())
    good = {place.shard for place in at if place.sight is Sight.GOOD}
    there = {p.shard for p in at if p.sight.held or (p.sight is Sight.SILENT and p.expected)}
    replicas_see(image, there=there | written, verified=good | written)


def _conclude(look: Look, done: Done, tally: Tally, *, apply: bool) -> bool:
    """Count what is missing; return whether every home has everything."""
    complete = True
    for blob, at in look:
        plan = plan_blob(at, wanted=blob.count)
        tally.codes[Code.LOST] += plan.lost
        tally.codes[Code.CANNOT_TELL] += plan.unknown
        written = done.get(blob.name, set())
        homes = [place for place in at if place.home]
        at_home = sum(p.sight.held or p.shard in written for p in homes)
        held = sum(p.sight.held or p.shard in written for p in at)
        if apply and 0 < held < blob.count:
            tally.codes[Code.SHORT] += 1
        complete &= at_home == len(homes) >= blob.count
    tally.codes = +tally.codes
    return complete


def _follow_up(image: Image, look: Look, done: Done, tally: Tally, *, complete: bool) -> bool:
    deleted = image.state == ImageState.DELETED
    lost = [blob.name for blob, at in look[1:] if plan_blob(at, wanted=blob.count).lost]
    if lost and not deleted and image_remake(image_id=image.id, names=lost):
        tally.codes[Code.REMAKE] += 1
        return False
    # Read when its manifest was looked at; until then others may have gone on with it.
    found = image if image.revision == image.manifest_revision else None
    settled = deleted or image_settle(image_id=image.id, complete=complete, found=found)
    if complete and _extras(look, done):
        stand_ins_remove(image_id=image.id, tally=tally)
    image_erase_again(image_id=image.id)  # it may have come while copies were written
    return settled


def _erased(image: Image) -> bool:
    return image.state == ImageState.DELETED and image.restorable_until is None


def _sizes_read(look: Look) -> list[int]:
    read = {Sight.GOOD, Sight.BAD}
    return [blob.size for blob, at in look for place in at if place.sight in read]


def _extras(look: Look, done: Done) -> bool:
    """Return whether a copy stands in that nobody needs."""
    unwanted = {Sight.GOOD, Sight.TRUSTED, Sight.STALE, Sight.BAD}
    return any(
        not place.home and (place.sight in unwanted or place.shard in done.get(blob.name, ()))
        for blob, at in look
        for place in at
    )


def stand_ins_remove(*, image_id: str, tally: Tally) -> None:
    """Remove copies that stood in: all homes are read and good, and it is a while ago.

    Only under the lease of the image, renewed before each removal; 10 minutes after a copy
    was last begun; and after this very caller read R copies elsewhere and found them good.
    """
    with image_leased(image_id=image_id) as lease:
        image = row_find(image_id=image_id) if lease else None
        if lease is None or image is None or _erased(image):
            tally.codes[Code.BUSY] += 1
            return
        wait_until = newest_copy(image) + timedelta(seconds=settings.SHOEBOX.handoff_grace_seconds)
        if wait_until > timezone.now():
            tally.codes[Code.WAITING] += 1
            image_look_again(image_id=image_id, moment=wait_until)
            return
        placement = Placement.of(image.image_id, topology_now())
        _remove_all(image, placement, lease, tally)


def _remove_all(image: Image, placement: Placement, lease: Lease, tally: Tally) -> None:
    look = _look(image, placement, read_all)
    removed: set[str] = set()
    for blob, at in look:
        for step in plan_blob(at, wanted=blob.count).removals:
            if not lease.renew():
                return
            if blob_remove(placement, blob, step):
                removed |= {step.shard} if blob.original else set()
                tally.codes[REMOVED[step.verb]] += 1
    if removed:
        image.refresh_from_db(fields=["replicas"])
        there = {r["shard"] for r in image.replicas} - removed
        replicas_see(image, there=there, verified=set())


def newest_copy(image: Image) -> datetime:
    """Return when a copy of the image was last begun, as far as the index knows."""
    moments = (image.created_at, image.ready_at, image.copied_at)
    return max(moment for moment in moments if moment is not None)


def image_look_again(*, image_id: str, moment: datetime) -> None:
    """Have somebody come back for a copy too many at a later moment."""
    # What is due of a stored or deleted image is something else.
    elsewhere = [ImageState.STORED, ImageState.DELETED]
    rows = Image.objects.filter(id=image_id).exclude(state__in=elsewhere)
    rows.update(due_at=moment)
