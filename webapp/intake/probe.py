"""What a file is, by its content alone, and whether Shoebox takes it.

Only containers are read: no pixel is decoded here, nor by any library (an image library would
read a whole AVIF into memory to tell its size). What passes may still be refused by the
decoder, in a worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from webapp.core.errors import UnsupportedTypeError
from webapp.core.presets import ORIGINAL_TYPES
from webapp.intake.containers import bmp, gif, heif, jpeg, png, tiff_file, webp
from webapp.intake.containers.facts import Facts, Limits
from webapp.intake.containers.sniff import HEAD_BYTES, sniff
from webapp.intake.containers.source import Source, open_source


class _Inspect(Protocol):
    def __call__(self, source: Source, *, limits: Limits) -> Facts: ...


_INSPECTORS: Mapping[str, _Inspect] = MappingProxyType(
    {
        "image/jpeg": jpeg.inspect,
        "image/png": png.inspect,
        "image/webp": webp.inspect,
        "image/gif": gif.inspect,
        "image/avif": heif.inspect,
        "image/heic": heif.inspect,
        "image/tiff": tiff_file.inspect,
        "image/bmp": bmp.inspect,
    }
)


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """How large a picture may be.

    Args:
        frames: Most frames of an animation, or pages.
        jpeg_pixels: Most pixels of a JPEG, which is decoded at reduced size.
        other_pixels: Most pixels of one frame of any other type.
        side: Most pixels of a width or a height.
    """

    frames: int = 1000
    jpeg_pixels: int = 100_000_000
    other_pixels: int = 50_000_000
    side: int = 65_535

    def of(self, content_type: str) -> Limits:
        """Return the limits of one type."""
        is_jpeg = content_type == "image/jpeg"
        pixels = self.jpeg_pixels if is_jpeg else self.other_pixels
        return Limits(pixels=pixels, frames=self.frames, side=self.side)


@dataclass(frozen=True, slots=True)
class Probe:
    """What the content says of itself.

    Args:
        content_type: One of ``ORIGINAL_TYPES``; ``image/heic`` for every HEIF with HEVC inside.
        extension: The one that goes with it.
        width: Pixels, upright: EXIF orientation (JPEG, PNG, WebP, TIFF) and rotation (HEIC,
            AVIF) applied.
        height: Pixels, upright.
        frames: Frames of an animation or pages of a TIFF, at least 1.
    """

    content_type: str
    extension: str
    width: int
    height: int
    frames: int


def probe(path: Path, *, limits: ProbeLimits) -> Probe:
    """Return what the file at ``path`` is; its name has no say.

    Walks the container once: at most one read of the file, 64 KiB at a time, never a decode.
    That it passes means that type, size and frames are known and within limits, and that the
    container is whole to its end mark, where it has one.

    Raises:
        UnsupportedTypeError: Not one of the types taken; ``found`` tells what it is.
        TooManyPixelsError: Said before anything else about the rest of the file.
        TooManyFramesError: More frames than ``limits`` allow.
        TruncatedError: The container ends before it should.
        NotDecodableError: The container is broken; no decoder would find a picture.
    """
    with open_source(path) as source:
        return probe_source(source, limits=limits)


def probe_source(source: Source, *, limits: ProbeLimits) -> Probe:
    """Return what an open source is; see ``probe``."""
    content_type = sniff(source.some(0, HEAD_BYTES))
    inspect = _INSPECTORS.get(content_type)
    if not inspect:
        raise UnsupportedTypeError(found=content_type)
    facts = inspect(source, limits=limits.of(content_type))
    return Probe(
        content_type=content_type,
        extension=ORIGINAL_TYPES[content_type],
        width=facts.width,
        height=facts.height,
        frames=facts.frames,
    )
