"""From the bytes of a file to an upright picture, in one decode.

The file is opened by the one plugin its content calls for, its limits are checked from the
header, and a JPEG is decoded at the reduced size that its transform gives for nothing.
Whatever a decoder raises becomes one of the errors of this room.
"""

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from PIL import ExifTags, Image, ImageFile, JpegImagePlugin, UnidentifiedImageError

from webapp.core.presets import Preset
from workers.imaging.errors import CodecMissingError, ImagingError, NotDecodableError
from workers.imaging.formats import HEAD_BYTES, get_format, pixels_max
from workers.imaging.geometry import Size, working_size
from workers.imaging.modes import to_working_mode
from workers.imaging.motion import Motion, find_motion, frames_of

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = frozenset({5, 6, 7, 8})
"""Orientations whose width is the upright height."""

_REDUCING_GAP = 1.5
"""How much larger than its result a picture is when the exact filter takes over.

Against the exact filter all the way: 54 dB, a quarter of the time on 50 megapixels.
"""

_NO_CODEC = ("not available", "no codec", "unsupported codec", "no decoding plugin")
_TRUNCATED = ("truncated", "unexpected end", "end of file", "not enough image data")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture: upright, no larger than needed, its colours still its own.

    Args:
        image: In one of the working modes.
        format: Pillow's name of the format.
        size: Of the original, upright.
        frames: Frames of an animation, else 1.
        profile: ICC profile of the colours.
        orientation: What EXIF said.
        motion: What moves in it, within the budget; needs the file.
    """

    image: Image.Image
    format: str
    size: Size
    frames: int
    profile: bytes | None
    orientation: int = 1
    motion: Motion | None = None


def decode(file: IO[bytes], *, presets: Sequence[Preset]) -> Decoded:
    """Decode the first frame of ``file``, large enough for all ``presets``.

    The picture is shrunk before it is turned: what comes after costs little then.

    Args:
        file: The original, seekable; its name and position do not matter.
        presets: What will be made of it; at least one.

    Raises:
        NotDecodableError: The decoder refused the bytes.
        CodecMissingError: No decoder here for this type.
        MemoryError: The process may not have as much memory as this picture needs.
    """
    file.seek(0)
    name = get_format(file.read(HEAD_BYTES))
    with _refusals():
        image = _open(file, name)
        frames = frames_of(image, format_name=name)
        profile = image.info.get("icc_profile")
        stored = _load(image, presets=presets)
        orientation = _orientation(image)
        motion = find_motion(image, format_name=name)
        pixels = to_working_mode(image)
        if name == "WEBP" or motion:
            pixels = pixels.copy()  # its decoder keeps two canvases as long as its image lives
    size = _turned(stored, orientation)
    del image  # the decoder's own buffers go with it, unless it moves
    upright = _upright(pixels, working_size(presets, size), orientation)
    return Decoded(upright, name, size, frames, profile, orientation, motion)


def decode_moment(image: Image.Image, *, like: Decoded) -> Image.Image:
    """Return a later frame as ``decode`` does the first: upright, in a working mode, as large."""
    return _upright(to_working_mode(image), like.image.size, like.orientation)


def _upright(image: Image.Image, size: Size, orientation: int) -> Image.Image:
    """Return the picture at ``size``, which is that of the upright one, and upright."""
    shrunk = _shrunk(image, _turned(size, orientation))
    return shrunk.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else shrunk


def _shrunk(image: Image.Image, size: Size) -> Image.Image:
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)


def _open(file: IO[bytes], name: str) -> ImageFile.ImageFile:
    image = Image.open(file, formats=(name,))
    pixels, limit = image.width * image.height, pixels_max(name)
    if pixels > limit:
        raise NotDecodableError("too-many-pixels", f"{pixels} of {limit} pixels")
    if not pixels:
        raise NotDecodableError("not-decodable", f"{image.width} by {image.height} pixels")
    return image


def _load(image: ImageFile.ImageFile, *, presets: Sequence[Preset]) -> Size:
    """Decode; return the size of the original as stored.

    Only a JPEG's header is to be trusted with it: other decoders correct it while they work.
    """
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        image.load()
        return image.size
    size, orientation = image.size, _orientation(image)
    wanted = working_size(presets, _turned(size, orientation))
    image.draft(None, _turned(wanted, orientation))
    image.load()
    return size


def _orientation(image: Image.Image) -> int:
    """Return what EXIF says; 1 where it is silent, garbage, or was applied by the decoder.

    Not Pillow's ``getexif``, which also believes XMP: browsers do not, and an original and
    its renditions must stand the same way up.
    """
    exif = Image.Exif()
    with contextlib.suppress(Exception):  # plugins raise anything on a broken directory
        exif.load(image.info.get("exif") or b"")
        value = exif.get(ExifTags.Base.Orientation)
        return value if value in _UPRIGHT else 1
    return 1


def _turned(size: Size, orientation: int) -> Size:
    return (size[1], size[0]) if orientation in _LYING else size


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Turn what decoders raise and warn about into this room's errors."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            yield
        except (ImagingError, MemoryError):
            raise
        except Image.DecompressionBombError as error:
            raise NotDecodableError("too-many-pixels", str(error)) from error
        except UnidentifiedImageError as error:
            raise _refusal(" ".join(str(warning.message) for warning in said)) from error
        except Exception as error:  # decoders raise anything: KeyError, struct.error, ...
            raise _refusal(f"{type(error).__name__}: {error}") from error


def _refusal(detail: str) -> Exception:
    """Libraries below Pillow tell their reasons in words only."""
    words = detail.lower()
    if "memory" in words and "security limit" not in words:  # libheif's own limits say both
        return MemoryError(detail)
    if any(phrase in words for phrase in _NO_CODEC):
        return CodecMissingError(detail)
    if any(phrase in words for phrase in _TRUNCATED):
        return NotDecodableError("truncated", detail)
    return NotDecodableError("not-decodable", detail)
