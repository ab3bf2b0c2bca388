"""Looking at images by id, all shards at once, and comparing with what the index says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from webapp.core.errors import MalformedIdError, ShardUnavailableError, UnknownVersionError
from webapp.core.ids import ImageId, id_parse
from webapp.core.keys import image_prefix
from webapp.core.shards import ShardState
from webapp.core.topology import Topology
from webapp.healing.findings import Code, Finding
from webapp.healing.scrub_compare import compare, compare_orphan
from webapp.healing.scrub_look import Look, Looker
from webapp.healing.scrub_wanted import wanted_by_row, wanted_by_shards
from webapp.images.models import Image

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """One image as it is and what is not as it should be.

    Args:
        image_id: Which.
        look: What was seen of it.
        image: Its row; None when the index has none, or was not asked.
        findings: Empty when all is well.
    """

    image_id: ImageId
    look: Look
    image: Image | None
    findings: tuple[Finding, ...]


def by_image(listing: Mapping[str, Sequence[str] | None]) -> dict[str, dict[str, list[str]]]:
    """Return image id → shard → keys. Folders that are not named by an id are left alone."""
    found: dict[str, dict[str, list[str]]] = {}
    for shard, keys in listing.items():
        for key in keys or ():
            folder = key.split("/")[1]
            if _is_id(folder):
                found.setdefault(folder, {}).setdefault(shard, []).append(key)
    return found


def _is_id(text: str) -> bool:
    try:
        id_parse(text)
    except MalformedIdError:
        return False
    return True


def away(topology: Topology) -> frozenset[str]:
    """Return shards that are not asked because their state says they are away for now."""
    entries = topology.shards.values()
    return frozenset(
        e.name for e in entries if not e.state.readable and e.state is not ShardState.DEAD
    )


def judge(
    look: Look, image: Image | None, topology: Topology, *, indexed: bool
) -> tuple[Finding, ...]:
    """Return what is not as it should be.

    Args:
        look: What was seen.
        image: The row.
        topology: What is known of versions and shards.
        indexed: False: the index was not asked, and only the shards themselves say what
            should be.
    """
    image_id = id_parse(look.seen.image_id)
    try:
        if image is not None:
            return tuple(compare(wanted_by_row(image, topology), look.seen))
        if not indexed:
            wanted = wanted_by_shards(image_id, topology, look)
            return tuple(compare(wanted, look.seen)) if wanted else ()
    except UnknownVersionError as error:
        return (Finding(Code.CANNOT_TELL, "", str(image_id), "", error.detail),)
    tombstone = look.tombstone
    return tuple(compare_orphan(look.seen, tombstone=tombstone.revision if tombstone else None))


def image_find_out(image_id: ImageId, looker: Looker, topology: Topology) -> Found:
    """Look at one image everywhere, now, and judge it by its row as it is afterwards.

    The row is read last: whoever changes an image writes to the shards before the row says so,
    so what is found here twice in a row is no mere moment.
    """
    prefix = image_prefix(image_id)
    keys: dict[str, list[str]] = {}
    silent = set(away(topology))
    for name, store in looker.stores.items():
        try:
            keys[name] = list(store.keys(prefix))
        except ShardUnavailableError:
            silent.add(name)
    look = looker.look({str(image_id): keys}, frozenset(silent))[str(image_id)]
    image = Image.objects.select_related("owner").filter(pk=str(image_id)).first()
    return Found(image_id, look, image, judge(look, image, topology, indexed=True))
