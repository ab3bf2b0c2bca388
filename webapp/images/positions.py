"""What the positions of an image hold, position by position."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from webapp.cluster.snapshot import topology_now
from webapp.core.ids import ImageId
from webapp.core.keys import image_prefix
from webapp.images.copies import Placement
from webapp.storage.everywhere import ask_all

Role = Literal["home", "hand-off"]


@dataclass(frozen=True, slots=True)
class PositionLook:
    """One position of an image.

    Args:
        shard: Name.
        zone: Of the shard.
        state: Of the shard, by the topology.
        role: Whether copies belong there, or stand in there.
        blobs: Names of the image's blobs found there; None when it cannot tell.
    """

    shard: str
    zone: str
    state: str
    role: Role
    blobs: Sequence[str] | None


def positions_look(image_id: ImageId) -> list[PositionLook]:
    """Return what lies on each position of an image, best position first.

    Raises:
        UnknownVersionError: The index does not have the version of its name.
    """
    placement = Placement.of(image_id, topology_now())
    prefix = image_prefix(image_id)
    answers = ask_all(
        [store for _, store in placement.readable()], lambda store: list(store.keys(prefix))
    )
    homes = placement.home_names()
    return [
        PositionLook(
            shard=spec.name,
            zone=spec.zone,
            state=placement.topology.state(spec.name).label,
            role="home" if spec.name in homes else "hand-off",
            blobs=_names(answers.given.get(spec.name), prefix),
        )
        for spec in placement.positions()
    ]


def _names(keys: Sequence[str] | None, prefix: str) -> list[str] | None:
    return None if keys is None else [key.removeprefix(prefix) for key in keys]
