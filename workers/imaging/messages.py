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
        Preset(name, width, height, crop, tuple(formats), fallback)
        for name, width, height, crop, formats, fallback in message["presets"]
    )


def pack_rendition(name: str, rendition: Rendition) -> Message:
    """Return the message that one rendition is made; its bytes follow it."""
    return {"rendition": (name, rendition.width, rendition.height, len(rendition.data))}


def pack_rendered(picture: Picture, *, last: bool) -> Message:
    """Return the message that all of them are.

    Args:
        picture: What they were made of.
        last: The child ends after this answer.
    """
    return {"picture": asdict(picture), "last": last}


class Answer:
    """What a child says of one picture: its renditions one by one, then the picture.

    Args:
        presets: What was asked for; any other rendition is nonsense.
        receive_bytes: Called with the length of each rendition.
        made: Called with each rendition as it comes.

    Raises:
        ValueError, TypeError, KeyError: Of each method: the message is nonsense.
    """

    def __init__(
        self,
        *,
        presets: Iterable[Preset],
        receive_bytes: Callable[[int], bytes],
        made: Callable[[str, Rendition], None],
    ) -> None:
        self._asked = {preset.name for preset in presets}
        self._receive_bytes = receive_bytes
        self._made = made
        self._room = BLOBS_BYTES_MAX
        self._renditions: dict[str, Rendition] = {}

    def add(self, message: Message) -> None:
        """Take the message of one rendition and the bytes that follow it."""
        name, width, height, length = message["rendition"]
        preset, _, extension = name.partition(".")
        if preset not in self._asked or name in self._renditions:
            raise ValueError(name)
        content_type = RENDITION_TYPES[extension]
        self._room -= length
        if length < 0 or self._room < 0:
            raise ValueError(length)
        rendition = Rendition(self._receive_bytes(length), content_type, width, height)
        self._renditions[name] = rendition
        self._made(name, rendition)

    def finish(self, message: Message) -> Rendered:
        """Take the last message; return what was made."""
        picture = Picture(**message["picture"])
        if not (_PLACEHOLDER.fullmatch(picture.placeholder) and _COLOUR.fullmatch(picture.colour)):
            raise ValueError(picture)
        if not self._renditions:
            raise ValueError(message)
        return Rendered(picture, self._renditions)


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
