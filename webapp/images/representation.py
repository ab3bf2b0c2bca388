"""How an image is told to clients: the JSON of the API, the receiver and the pages' links."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings

from webapp.cluster.snapshot import topology_now
from webapp.core.links import LinkMaker
from webapp.core.presets import ORIGINAL_TYPES
from webapp.core.topology import Topology
from webapp.images.models import Image

if TYPE_CHECKING:
    from webapp.accounts.models import User

API_IMAGES = "/api/v1/images"


def image_json(
    image: Image,
    *,
    viewer: "User | None",
    duplicate: bool = False,
    topology: Topology | None = None,
) -> dict[str, Any]:
    """Return an image as clients see it: JSON values only, section 8 of the design.

    Args:
        image: The row.
        viewer: Who looks; its owner alone gets the link to a private original.
        duplicate: Whether this answers an upload of a picture that was there.
        topology: Of now. Give it for lists, or each image asks for it.
    """
    return {
        "id": image.id,
        "kind": image.kind.value,
        "state": image.state,
        "reason": image.reason,
        "duplicate": duplicate,
        "filename": image.filename,
        "title": image.title,
        "album": image.album,
        "bytes": image.bytes,
        "digest": image.digest,
        "source_digest": image.source_digest,
        "content_type": image.content_type,
        "width": image.width,
        "height": image.height,
        "frames": image.frames,
        "placeholder": image.placeholder or None,
        "colour": image.colour or None,
        "created_at": _time(image.created_at),
        "ready_at": _time(image.ready_at),
        "revision": image.revision,
        "links": links_of(image, viewer=viewer),
        "replicas": replicas_of(image, topology or topology_now()),
    }


def links_of(image: Image, *, viewer: "User | None") -> dict[str, Any]:
    """Return the absolute links of an image; signed ones stay the same for hours.

    ``original`` and ``download`` are None where the viewer has none: bytes that may hold
    location are their owner's, who gets ``private`` too.
    """
    maker = link_maker()
    name = download_name(image)
    links: dict[str, Any] = {
        "self": f"{settings.SHOEBOX.write_url}{API_IMAGES}/{image.id}",
        "page": f"{settings.SHOEBOX.write_url}/i/{image.id}",
        "original": None,
        "download": None,
        "renditions": maker.renditions(image.id, transparent=image.transparent),
    }
    if not image.private:
        links["original"] = maker.original(image.id, image.content_type)
        links["download"] = maker.original(image.id, image.content_type, download=name)
    elif viewer is not None and viewer.pk == image.owner_id:
        links["private"] = maker.private(image.id)
        links["download"] = maker.private(image.id, download=name)
    return links


def replicas_of(image: Image, topology: Topology) -> Mapping[str, Any]:
    """Return how many copies of an original there should be, and where the index saw some."""
    stored = [replica["shard"] for replica in image.replicas]
    version = topology.versions.get(image.image_id.version)
    wanted = version.replica_count if version else settings.SHOEBOX.replica_count
    zone_by_name = {shard.name: shard.zone for shard in version.shards} if version else {}
    zones = {zone_by_name[name] for name in stored if name in zone_by_name}
    return {"wanted": wanted, "stored": stored, "zones": len(zones)}


def link_maker(*, seconds: int = 0) -> LinkMaker:
    """Return what makes links now, on the public base of the read service.

    Args:
        seconds: How long signed ones are good; 0: as the settings say.
    """
    shoebox, now = settings.SHOEBOX, time.time()
    exp = int(now) + seconds if seconds else link_expiry(now=now, link_seconds=shoebox.link_seconds)
    return LinkMaker(shoebox.read_url, shoebox.keyring, exp)


def link_expiry(*, now: float, link_seconds: int) -> int:
    """Return when links made now end: between one and two times ``link_seconds`` from now.

    All links made in one such span are equal, so browsers and caches keep what they have.
    """
    return (int(now) // link_seconds + 2) * link_seconds


def download_name(image: Image) -> str:
    """Return what the original is called when it is saved."""
    return image.filename or f"{image.id}.{ORIGINAL_TYPES[image.content_type]}"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")
