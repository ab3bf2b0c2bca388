"""Names: what a path asks for, decided from the path alone.

Nonsense has no name and is 404 without touching a shard.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Final

from webapp.core.errors import MalformedIdError
from webapp.core.ids import ImageId, Kind, id_parse
from webapp.core.keys import ORIGINAL, PRIVATE, blob_key
from webapp.core.on_demand import size_parse
from webapp.core.presets import ORIGINAL_TYPES, PRESET_BY_NAME, RENDITION_TYPES

MAX_PATH: Final = 64
KNOWN_NAMES: Final = 1 << 16
_PATH: Final = re.compile(
    r"/(?P<id>[0-9a-z]{24})(?:\.(?P<type>[a-z]{3,4})|/(?P<part>[0-9a-z]+)(?:\.(?P<ext>[a-z]{3,4}))?)?"
)
_ORIGINAL_EXTENSIONS: Final = frozenset(ORIGINAL_TYPES.values())


class What(Enum):
    """What of an image a path asks for."""

    ORIGINAL = "original"
    PRIVATE = "private"
    RENDITION = "rendition"
    NEGOTIATED = "negotiated"
    ON_DEMAND = "on-demand"


@dataclass(frozen=True, slots=True)
class Name:
    """What one path asks for.

    Args:
        path: As requested, decoded.
        image_id: The image.
        id: The same as text.
        what: Which of its blobs.
        preset: Of a rendition, or the name of a size on demand; empty otherwise.
        extension: As requested; empty when the path has none.
        key: Key of the blob; empty for negotiated renditions, which may be one of several.
        etag: The validator this path sends. Originals are never rewritten, so their name is
            a strong one; a re-made rendition may differ by bytes, so theirs is weak. Empty
            for negotiated renditions.
        signed: Whether a signature is needed.
    """

    path: str
    image_id: ImageId
    id: str
    what: What
    preset: str
    extension: str
    key: str
    etag: str
    signed: bool

    def rendition(self, extension: str) -> "Name":
        """Return the name of this preset's rendition with another extension; same path."""
        return _rendition(self, self.preset, extension)

    def preset_rendition(self, preset: str, extension: str) -> "Name":
        """Return the name of another rendition of this image; same path."""
        return _rendition(self, preset, extension)


def _rendition(name: Name, preset: str, extension: str) -> Name:
    file = f"{preset}.{extension}"
    return replace(
        name,
        what=What.RENDITION,
        preset=preset,
        extension=extension,
        key=blob_key(name.image_id, file),
        etag=f'W/"{name.id}/{file}"',
    )


def name_parse(path: str) -> Name | None:
    """Return what a decoded path asks for; None when it is no name of ours."""
    # Long paths stay out of the cache, or it could be filled with megabytes of them.
    return _parse(path) if len(path) <= MAX_PATH else None


@lru_cache(maxsize=KNOWN_NAMES)
def _parse(path: str) -> Name | None:
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    try:
        image_id = id_parse(match["id"])
    except MalformedIdError:
        return None
    if match["part"]:
        return _part_name(path, image_id, match["part"], match["ext"] or "")
    return _original_name(path, image_id, match["type"] or "")


def _original_name(path: str, image_id: ImageId, extension: str) -> Name | None:
    if extension and extension not in _ORIGINAL_EXTENSIONS:
        return None
    # The tag holds the extension: on the path of another type, which is 404, none matches.
    return _name(
        path,
        image_id,
        What.ORIGINAL,
        extension=extension,
        key=blob_key(image_id, ORIGINAL),
        etag=f'"{path[1:]}"',
    )


def _part_name(path: str, image_id: ImageId, part: str, extension: str) -> Name | None:
    if part == PRIVATE and not extension:
        key = blob_key(image_id, PRIVATE)
        return _name(path, image_id, What.PRIVATE, key=key, etag=f'"{path[1:]}"', signed=True)
    if part not in PRESET_BY_NAME:
        return _on_demand_name(path, image_id, part, extension)
    negotiated = _name(path, image_id, What.NEGOTIATED, preset=part)
    if not extension:
        return negotiated
    return negotiated.rendition(extension) if extension in RENDITION_TYPES else None


def _on_demand_name(path: str, image_id: ImageId, part: str, extension: str) -> Name | None:
    """Whoever may have any size made could have every size made: always signed."""
    if extension not in RENDITION_TYPES or size_parse(part) is None:
        return None
    file = f"{part}.{extension}"
    return _name(
        path,
        image_id,
        What.ON_DEMAND,
        preset=part,
        extension=extension,
        key=blob_key(image_id, file),
        etag=f'W/"{image_id}/{file}"',
        signed=True,
    )


def _name(
    path: str,
    image_id: ImageId,
    what: What,
    *,
    preset: str = "",
    extension: str = "",
    key: str = "",
    etag: str = "",
    signed: bool = False,
) -> Name:
    signed = signed or image_id.kind is Kind.SIGNED
    return Name(path, image_id, str(image_id), what, preset, extension, key, etag, signed)
