"""Manifests and tombstones: what a shard says of a whole image.

A manifest is everything the index knows of an image, and a pure function of its row. Of
two manifests, or a manifest and a tombstone, the higher revision wins; clocks never decide.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from webapp.core.errors import MalformedRequestError

FORMAT = 1


class Revision(NamedTuple):
    """Orders what is said of one image: first the index's epoch, then the row's counter."""

    epoch: int
    counter: int


@dataclass(frozen=True, slots=True)
class RenditionRecord:
    """A stored rendition, as the index and the manifest know it."""

    digest: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything the index knows of an image.

    Times are ISO 8601 in UTC; ``renditions`` maps ``preset.ext`` to what is stored;
    ``placeholder`` (a ThumbHash in base64) and ``colour`` are empty until the image was decoded.
    """

    id: str
    revision: Revision
    owner_id: str
    owner_name: str
    pool: str
    kind: str
    state: str
    reason: str
    filename: str
    title: str
    album: str
    bytes: int
    digest: str
    source_digest: str
    content_type: str
    width: int
    height: int
    frames: int
    private: bool
    created_at: str
    ready_at: str | None
    moved_to: int | None = None
    placeholder: str = ""
    colour: str = ""
    renditions: Mapping[str, RenditionRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Says that an image was deleted; beats every manifest of a lower revision.

    Args:
        id: The image.
        revision: Of the deletion.
        deleted_at: ISO 8601, UTC.
        restorable_until: ISO 8601, UTC; None when it cannot be restored.
    """

    id: str
    revision: Revision
    deleted_at: str
    restorable_until: str | None


def manifest_dump(manifest: Manifest) -> bytes:
    """Return the manifest as JSON; equal manifests give equal bytes."""
    return _dump({"format": FORMAT, **asdict(manifest)})


def manifest_load(data: bytes) -> Manifest:
    """Return the manifest of its JSON; members a later format adds are passed over.

    Raises:
        MalformedRequestError: Damaged, cut off, or no manifest.
    """
    try:
        values = _known(json.loads(data), Manifest)
        records = {
            name: RenditionRecord(item["digest"], item["bytes"])
            for name, item in values.pop("renditions").items()
        }
        revision = Revision(*values.pop("revision"))
        return Manifest(**values, revision=revision, renditions=records)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise MalformedRequestError("Not a manifest.") from None


def tombstone_dump(tombstone: Tombstone) -> bytes:
    """Return the tombstone as JSON."""
    return _dump({"format": FORMAT, **asdict(tombstone)})


def tombstone_load(data: bytes) -> Tombstone:
    """Return the tombstone of its JSON.

    Raises:
        MalformedRequestError: Damaged, cut off, or no tombstone.
    """
    try:
        values = _known(json.loads(data), Tombstone)
        return Tombstone(**{**values, "revision": Revision(*values["revision"])})
    except (ValueError, TypeError, KeyError, AttributeError):
        raise MalformedRequestError("Not a tombstone.") from None


def _dump(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, sort_keys=True, ensure_ascii=False, indent=1).encode()


def _known(values: dict[str, Any], record: type[Manifest | Tombstone]) -> dict[str, Any]:
    names = record.__dataclass_fields__
    return {name: value for name, value in values.items() if name in names}
