"""Renditions on the shards: fetching what they are made of, storing what was made."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import breakers, executor
from webapp.core.label import Label
from webapp.core.manifest import RenditionRecord
from webapp.core.signing import bytes_digest
from webapp.images.copies import Placement, fetched, original_name
from webapp.images.models import Image
from webapp.images.nearness import first_write_count, near_first
from webapp.images.services.attempts import renditions_record
from webapp.images.services.outcome import Outcome
from webapp.images.services.replicate import at_home, renditions_settle
from webapp.storage.quorum import QuorumMissedError, quorum_write

PARALLEL = 4


def original_fetched(*, image: Image) -> AbstractContextManager[Path]:
    """Give a verified local copy of an image's original, gone again afterwards.

    Raises:
        NotFoundError, ShardsUnavailableError, DigestMismatchError: As ``fetched``.
    """
    placement = Placement.of(image.image_id, topology_now())
    return fetched(placement, original_name(image), image.digest)


@dataclass(frozen=True, slots=True)
class _Stored:
    name: str
    record: RenditionRecord
    at_home: bool


def renditions_store(
    *,
    image: Image,
    blobs: Mapping[str, tuple[bytes, str]],
    placeholder: str = "",
    colour: str = "",
) -> Outcome:
    """Store the renditions an image lacks on their homes, note them, and make it ready.

    One that is noted already is left alone: its bytes are in caches all over the web.

    Args:
        image: The row the attempt was begun with.
        blobs: ``preset.ext`` → bytes and content type.
        placeholder: What to show while it loads; empty: as it was noted before.
        colour: The colour most of it has; empty: as it was noted before.

    Raises:
        ShardsUnavailableError: A rendition found no position at all; nothing was noted.
    """
    placement = Placement.of(image.image_id, topology_now())

    def store(item: tuple[str, tuple[bytes, str]]) -> _Stored:
        name, (data, content_type) = item
        return _store(placement, name, data, content_type)

    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="rendition") as threads:
        lacking = [item for item in blobs.items() if item[0] not in image.renditions]
        stored = list(threads.map(store, lacking))
    look = {"placeholder": placeholder, "colour": colour} if placeholder else {}
    renditions_record(image=image, records={item.name: item.record for item in stored}, look=look)
    renditions_settle(image=image, complete=all(item.at_home for item in stored))
    return Outcome.DONE


def _store(placement: Placement, name: str, data: bytes, content_type: str) -> _Stored:
    digest, wanted = bytes_digest(data), placement.version.rendition_replica_count
    try:
        placed = quorum_write(
            stores=near_first(placement.writable(), homes=wanted),
            key=placement.key(name),
            source=data,
            label=Label(digest, content_type),
            wanted=wanted,
            quorum=wanted,
            executor=executor(),
            breakers=breakers(),
        ).placed
    except QuorumMissedError as error:
        if not error.placed:
            raise
        placed = error.placed  # enough to go on: a rendition can always be made again
    first_write_count(placed[0].shard_name, placement.positions())
    held = {position.shard_name for position in placed}
    return _Stored(name, RenditionRecord(digest, len(data)), at_home(placement, held, wanted))
