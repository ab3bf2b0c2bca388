"""What a renderer and its child say to each other."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, astuple
from typing import Any

from webapp.core.presets import RENDITION_TYPES, Preset
from workers.imaging.errors import (
    ChildKilledError,
    CodecMissingError,
    ImagingError,
    LimitHitError,
    NotDecodableError,
)
from workers.imaging.model import Picture, Rendered, Rendition

Message = dict[str, Any]

_PLACEHOLDER = re.compile(r"[A-Za-z0-9+/]{16,46}={0,2}")
_COLOUR = re.compile(r"#[0-9a-f]{6}")

BLOBS_BYTES_MAX = 256 * 1024 * 1024
"""More than any set of renditions has; what a lying child could make its parent hold."""


def pack_job(presets: Iterable[Preset]) -> Message:
    """Return the message that asks for the renditions of ``presets``."""
    return {"presets": [astuple(preset) for preset in presets]}


def unpack_job(message: Message) -> tuple[Preset, ...]:
    """Return the presets a message asks for."""
    return tuple(
        Preset(name, width, height, crop, tuple(formats))
        for name, width, height, crop, formats in message["presets"]
    )


def pack_rendered(rendered: Rendered, *, last: bool) -> Message:
    """Return the answer; the bytes of the renditions follow it, in its order.

    Args:
        rendered: What was made.
        last: The child ends after this answer.
    """
    renditions = [
        (name, rendition.width, rendition.height, len(rendition.data))
        for name, rendition in rendered.renditions.items()
    ]
    return {"picture": asdict(rendered.picture), "renditions": renditions, "last": last}


def unpack_rendered(
    message: Message, *, presets: Iterable[Preset], receive_bytes: Callable[[int], bytes]
) -> Rendered:
    """Return what was made.

    Args:
        message: The answer.
        presets: What was asked for; any other rendition is nonsense.
        receive_bytes: Called with the length of each rendition, in order.

    Raises:
        ValueError, TypeError, KeyError: The message is nonsense.
    """
    picture = Picture(**message["picture"])
    if not (_PLACEHOLDER.fullmatch(picture.placeholder) and _COLOUR.fullmatch(picture.colour)):
        raise ValueError(picture)
    asked = {preset.name for preset in presets}
    lengths = [length for _, _, _, length in message["renditions"]]
    if min(lengths) < 0 or sum(lengths) > BLOBS_BYTES_MAX:
        raise ValueError(lengths)
    renditions = {}
    for name, width, height, length in message["renditions"]:
        preset, _, extension = name.partition(".")
        if preset not in asked:
            raise ValueError(name)
        content_type = RENDITION_TYPES[extension]
        renditions[name] = Rendition(receive_bytes(length), content_type, width, height)
    return Rendered(picture, renditions)


def pack_failure(error: Exception) -> Message:
    """Return the answer that says why there are no renditions."""
    match error:
        case NotDecodableError():
            return {"failure": "refused", "reason": error.reason, "detail": error.detail}
        case CodecMissingError():
            return {"failure": "codec-missing", "detail": error.detail}
        case MemoryError():
            return {"failure": "memory", "detail": ""}
        case _:
            return {"failure": "crashed", "detail": f"{type(error).__name__}: {error}"[:500]}


def unpack_failure(message: Mapping[str, str]) -> ImagingError:
    """Return the error that a failure stands for."""
    detail = message["detail"]
    match message["failure"]:
        case "refused":
            return NotDecodableError(message["reason"], detail)  # type: ignore[arg-type]  # one of Refusal
        case "codec-missing":
            return CodecMissingError(detail)
        case "memory":
            return LimitHitError("memory", detail)
        case _:
            return ChildKilledError(detail)
