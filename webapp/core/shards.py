"""Shards as the topology knows them. A state is a row of permissions.

Source: section 2 of the design; after MogileFS, where a device state is a set of permissions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class ShardState(Enum):
    """What may be done with a shard at the moment.

    The name is the first member of each value: without it two states with equal
    permissions would be one.
    """

    JOINING = ("joining", True, False, True, True)
    ACTIVE = ("active", True, True, True, True)
    READ_ONLY = ("read_only", True, False, True, True)
    DRAINING = ("draining", True, False, True, False)
    DOWN = ("down", False, False, False, True)
    DEAD = ("dead", False, False, False, False)

    def __init__(
        self,
        label: str,
        readable: bool,  # noqa: FBT001 - a row of the table, read with its neighbours
        takes_images: bool,  # noqa: FBT001
        takes_records: bool,  # noqa: FBT001
        holds_share: bool,  # noqa: FBT001
    ) -> None:
        self.label = label
        self.readable = readable
        """Reads may go there."""
        self.takes_images = takes_images
        """New images may be written there."""
        self.takes_records = takes_records
        """Manifests, tombstones and deletes go there."""
        self.holds_share = holds_share
        """It is a home of the partitions it is placed for."""

    @classmethod
    def named(cls, label: str) -> "ShardState":
        """Return the state with this name.

        Raises:
            ValueError: There is none.
        """
        for state in cls:
            if state.label == label:
                return state
        known = ", ".join(state.label for state in cls)
        message = f"{label!r} is not a shard state; known: {known}"
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class ShardSpec:
    """A shard as one topology version places on it. Never edited.

    Args:
        name: Unique for ever.
        zone: What fails together.
        weight: Share of new bytes relative to the others, above 0.
    """

    name: str
    zone: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """A shard as it is now: beside the versions, free to change.

    Args:
        name: Unique for ever.
        url: ``file:///path`` or ``s3+http(s)://host[:port]/bucket``.
        state: What may be done with it.
        identity: UUID that ``_shoebox/shard.json`` on the store carries.
        options: ``region``, ``path_style``, ``checksum`` of an S3 store.
        emptied: Dead, and nothing lies there alone: drained, or its share was restored. So it
            hides nothing, and "not found" need not wait for it.
    """

    name: str
    url: str
    state: ShardState
    identity: str
    options: Mapping[str, str] = field(default_factory=dict)
    emptied: bool = False
