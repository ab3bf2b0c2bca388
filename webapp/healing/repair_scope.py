"""Which images a repair walks: all, a partition, what a shard should hold, or one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from webapp.cluster.snapshot import topology_now
from webapp.core.errors import MalformedIdError, MalformedRequestError, NotFoundError
from webapp.core.ids import Kind, id_parse, number_decode, number_encode
from webapp.core.topology import Topology
from webapp.images.copies import Placement
from webapp.images.looking import Depths
from webapp.images.models import Image, ImageQuerySet, ImageState
from webapp.images.services.repair import read_all, suspecting

_PAST = "~"
"""Sorts after every character an id has."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is walked; empty means no limit of that kind. ``str()`` and ``scope_parse`` invert."""

    image: str = ""
    partition: str = ""
    shard: str = ""

    def __str__(self) -> str:
        named = (("image", self.image), ("partition", self.partition), ("shard", self.shard))
        return ",".join(f"{name}={value}" for name, value in named if value) or "all"

    @property
    def depths(self) -> Depths:
        """How closely it is looked: a shard is named because it is suspected, all others not."""
        return suspecting(self.shard) if self.shard else read_all


def scope_check(scope: Scope) -> Scope:
    """Return the scope.

    Raises:
        MalformedIdError, MalformedRequestError: Not an id, or not a partition.
        NotFoundError: There is no such image or shard.
    """
    if scope.image and not Image.objects.filter(id=str(id_parse(scope.image))).exists():
        raise NotFoundError(f"There is no image {scope.image!r}.")
    try:
        number_decode(scope.partition or "000")
    except ValueError as error:
        raise MalformedRequestError(f"Not a partition: {error}.") from None
    if scope.shard and scope.shard not in topology_now().shards:
        raise NotFoundError(f"There is no shard {scope.shard!r}.")
    return scope


def scope_parse(text: str) -> Scope:
    """Return the scope of its text; what is stored in a run and sent to a worker."""
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return Scope(**{name: value for name, _, value in pairs})


def scope_rows(scope: Scope) -> ImageQuerySet:
    """Return the rows that may be in a scope, in the order of the walk."""
    rows = Image.objects.exclude(state=ImageState.DELETED, restorable_until=None).order_by("id")
    if scope.image:
        return rows.filter(id=scope.image)
    if not scope.partition:
        return rows
    ranges = Q()
    for kind in Kind:
        for version in topology_now().versions:
            start = f"{kind}{number_encode(version)}{scope.partition}"
            ranges |= Q(id__gte=start, id__lt=start + _PAST)
    return rows.filter(ranges)


def scope_page(scope: Scope, *, after: str, limit: int) -> tuple[Sequence[str], str]:
    """Return the next images of a walk, and where it is then; both empty at its end.

    Args:
        scope: What is walked.
        after: Where the walk is.
        limit: At most so many rows are looked at; fewer or none of them may be in the scope.
    """
    ids = list(scope_rows(scope).filter(id__gt=after).values_list("id", flat=True)[:limit])
    topology = topology_now()
    mine = [i for i in ids if not scope.shard or _concerns(i, scope.shard, topology)]
    return mine, ids[-1] if ids else ""


def _concerns(image_id: str, shard: str, topology: Topology) -> bool:
    try:
        placement = Placement.of(id_parse(image_id), topology)
    except MalformedIdError:
        return False
    return any(spec.name == shard for spec in placement.positions())
