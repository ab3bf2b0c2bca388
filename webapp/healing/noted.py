"""Bad copies that read services noted on shards: each is looked at, repaired, and its note goes.

A note is a hint: what is done follows from what is read now, so one that is forged or old costs a
look. It stays until the copy is well, so nothing that is killed or lost on the way loses it.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

import structlog
from cachetools import TTLCache

from webapp.cluster.read_only import read_only_reason
from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import fleet
from webapp.core.errors import ShardUnavailableError, ShoeboxError
from webapp.core.keys import NOTED_PREFIX
from webapp.core.notes import Note, note_parse
from webapp.core.shards import ShardState
from webapp.core.topology import Topology
from webapp.healing.noted_run import NotedRun, none_wait
from webapp.healing.throttle import Throttle
from webapp.healing.throttle_options import throttle_of
from webapp.images.looking import Depth, label_proven
from webapp.images.services.mend import Code
from webapp.images.services.repair import Repaired, image_repair, read_all
from webapp.storage.base import BlobStore
from webapp.storage.everywhere import ask_all

log = structlog.get_logger(__name__)

LISTED: Final = 2_000
"""Notes looked at on one shard."""
IMAGES: Final = 100
SECONDS: Final = 30.0
LIST_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 300.0

_in_vain: TTLCache[str, bool] = TTLCache(10_000, AGAIN_SECONDS)
"""Images this process could not help of late, because a shard is away or takes nothing."""


@dataclass(frozen=True, slots=True)
class Lying:
    """A note on a shard.

    Args:
        store: The shard it lies on.
        name: Its key there.
        note: What it says; None when that is nothing.
    """

    store: BlobStore
    name: str
    note: Note | None

    def remove(self) -> bool:
        """Remove the note; return whether it is gone."""
        try:
            self.store.delete(self.name)
        except ShardUnavailableError as error:
            log.info("note not removed", shard=self.store.name, detail=error.detail)
            return False
        return True


def noted_repair(*, images: int = IMAGES, seconds: float = SECONDS) -> int:
    """Repair images of which bad copies are noted; return how many notes went. Twice is once.

    One process at a time does so, as many images as there is time for; the rest have their turn the
    next time. An image that cannot be helped now is left alone for a while, and keeps its note.

    Args:
        images: Most of them.
        seconds: How long this may go on; the image under way is finished first.
    """
    if read_only_reason():
        return 0
    topology = topology_now()
    found = notes_find(topology)
    if not found:
        none_wait()
        return 0
    run = NotedRun()
    if not run.claim():
        return 0
    until, gone = time.monotonic() + seconds, 0
    throttle = throttle_of({})
    try:
        gone += _nonsense_remove([lying for lying in found if lying.note is None][:images])
        for image_id, notes in islice(_by_image(found).items(), images):
            if time.monotonic() >= until or not run.claim():
                break
            gone += _image_settle(image_id, notes, topology, throttle)
    finally:
        run.release(waiting=len(found) - gone)
    return gone


def notes_find(topology: Topology) -> list[Lying]:
    """Return the notes that lie on shards which answer, and from which they can be removed."""
    names = [entry.name for entry in topology.shards.values() if entry.state.takes_records]
    stores = fleet().stores(topology, names)
    answers = ask_all(
        stores, lambda store: list(islice(store.keys(NOTED_PREFIX), LISTED)), within=LIST_SECONDS
    )
    return [
        Lying(store, name, note_parse(name))
        for store in stores
        for name in answers.given.get(store.name, [])
    ]


def _nonsense_remove(nonsense: Iterable[Lying]) -> int:
    gone = 0
    for lying in nonsense:
        log.warning("not a note", shard=lying.store.name, key=lying.name)
        gone += lying.remove()
    return gone


def _by_image(found: Iterable[Lying]) -> Mapping[str, list[Lying]]:
    images: dict[str, list[Lying]] = {}
    for lying in found:
        if lying.note is not None and str(lying.note.image_id) not in _in_vain:
            images.setdefault(str(lying.note.image_id), []).append(lying)
    return images


def _image_settle(
    image_id: str, found: Iterable[Lying], topology: Topology, throttle: Throttle
) -> int:
    """Repair an image, reading what is said to be bad; return how many of its notes went."""
    notes = [(lying, lying.note) for lying in found if lying.note is not None]
    suspected = {note.shard for _, note in notes}
    repaired = _repair(image_id, suspected, throttle)
    throttle.step()
    settled = [lying for lying, note in notes if _is_settled(note, repaired, topology)]
    if len(settled) < len(notes):
        _in_vain[image_id] = True
    return sum(lying.remove() for lying in settled)


def _repair(image_id: str, suspected: set[str], throttle: Throttle) -> Repaired | None:
    def depth(shard: str) -> Depth:
        return Depth.READ if shard in suspected else Depth.INDEX

    repair = partial(image_repair, image_id=image_id, apply=True, spent=throttle.blob)
    try:
        repaired = repair(depths=depth)
        if repaired.codes.get(Code.CANNOT_TELL):  # a good copy may lie where nobody looked
            repaired = repair(depths=read_all)
    except ShoeboxError as error:
        log.warning("repair failed", image=image_id, code=error.code, detail=error.detail)
        return None
    log.info("noted image repaired", image=image_id, codes=dict(repaired.codes))
    return repaired


def _is_settled(note: Note, repaired: Repaired | None, topology: Topology) -> bool:
    """Return whether nothing is left to be done about a copy, or nothing ever can be."""
    entry = topology.shards.get(note.shard)
    if entry is None or entry.state is ShardState.DEAD:
        return True
    if repaired is None or not entry.state.readable:
        return False
    if repaired.codes.get(Code.LOST):
        log.error("no good copy", image=str(note.image_id), codes=dict(repaired.codes))
        return True  # the scrub goes on reporting it; trying again and again brings nothing back
    if repaired.whole:
        return True
    (store,) = fleet().stores(topology, [note.shard])
    return _is_well(store, note.key)


def _is_well(store: BlobStore, key: str) -> bool:
    """Return whether a copy is what its label says, or gone."""
    try:
        with store.open(key) as opened:
            return opened is None or label_proven(opened) is not None
    except ShardUnavailableError:
        return False
