"""Where the copies of an image's original are at this moment, position by position."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from webapp.cluster.snapshot import topology_now
from webapp.images.copies import Placement, original_name
from webapp.images.models import Image
from webapp.storage.base import BlobStat
from webapp.storage.everywhere import Answers, stat_all


class Presence(StrEnum):
    """What a position says of a copy."""

    PRESENT = "present"
    ABSENT = "absent"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class ReplicaPosition:
    """One position of an image's placement.

    Args:
        position: 1 is the best.
        shard: Name.
        zone: Of the shard.
        role: Whether a copy belongs there, or would stand in.
        state: Whether a copy is there; a blob with another digest is not one.
        check: How the copy was checked when it was last looked at; None when the index
            knows of no copy there.
        verified_at: When its bytes were last compared; ISO 8601, None when they were not.
    """

    position: int
    shard: str
    zone: str
    role: Literal["home", "hand-off"]
    state: Presence
    check: str | None
    verified_at: str | None


def image_replicas(image: Image) -> list[ReplicaPosition]:
    """Ask every position of an image for its copy of the original, all at once.

    One request per shard; ends within seconds, whoever does not answer.

    Raises:
        UnknownVersionError: The index does not have the version of the image's name.
    """
    placement = Placement.of(image.image_id, topology_now())
    stores = [store for _, store in placement.readable()]
    answers = stat_all(stores, placement.key(original_name(image)))
    homes = placement.home_names()
    known = {replica["shard"]: replica for replica in image.replicas}
    return [
        ReplicaPosition(
            position=number,
            shard=spec.name,
            zone=spec.zone,
            role="home" if spec.name in homes else "hand-off",
            state=_presence(answers, spec.name, image.digest),
            check=known.get(spec.name, {}).get("check"),
            verified_at=_verified_at(known.get(spec.name, {})),
        )
        for number, spec in enumerate(placement.positions(), start=1)
    ]


def _presence(answers: Answers[BlobStat | None], shard: str, digest: str) -> Presence:
    if shard not in answers.given:
        return Presence.UNREACHABLE
    stat = answers.given[shard]
    found = stat is not None and stat.label is not None and stat.label.digest == digest
    return Presence.PRESENT if found else Presence.ABSENT


def _verified_at(replica: dict[str, str]) -> str | None:
    return replica.get("at") if replica.get("check") == "verified" else None
