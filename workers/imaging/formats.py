"""The formats taken, told by content, and the codecs behind them.

Only the one plugin that goes with the content is ever asked to open it: a file's name, its
declared type and Pillow's forty other plugins have no say.
"""

import contextlib
import functools
import importlib

from PIL import AvifImagePlugin, Image, features

from workers.imaging.errors import CodecMissingError, NotDecodableError
from workers.imaging.model import JPEG_PIXELS_MAX, OTHER_PIXELS_MAX

HEAD_BYTES = 256
"""Enough for every signature and the brands of a HEIF file."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}
)

_PLUGINS = ("Avif", "Bmp", "Gif", "Jpeg", "Mpo", "Png", "Tiff", "WebP")

# What Pillow calls the library it was built with; formats without one are always there.
_FEATURES = {"JPEG": "jpg", "PNG": "zlib", "WEBP": "webp", "AVIF": "avif"}


def find_format(head: bytes) -> str | None:
    """Return Pillow's name of the format that ``head`` begins, or None if it is not taken.

    Args:
        head: The first ``HEAD_BYTES`` of the file, or fewer when there are no more.
    """
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return _find_heif(head) if head[4:8] == b"ftyp" else None


def _find_heif(head: bytes) -> str | None:
    """AVIF and HEIC share a container; a general major brand is told by the compatible ones."""
    end = min(int.from_bytes(head[:4]), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def get_format(head: bytes) -> str:
    """Return Pillow's name of the format that ``head`` begins, its codec loaded.

    Raises:
        NotDecodableError: Not one of the types taken.
        CodecMissingError: Taken, but not on this machine.
    """
    name = find_format(head)
    if name is None:
        raise NotDecodableError("unsupported-type", f"starts with {head[:12]!r}")
    prepare()
    if not has_codec(name):
        raise CodecMissingError(name)
    return name


def has_codec(name: str) -> bool:
    """Tell whether this machine decodes the format."""
    if name == "HEIF":
        return "HEIF" in Image.OPEN
    feature = _FEATURES.get(name)
    return feature is None or bool(features.check(feature))


def pixels_max(name: str) -> int:
    """Return the most pixels a picture of this format may have."""
    return JPEG_PIXELS_MAX if name == "JPEG" else OTHER_PIXELS_MAX


@functools.cache
def prepare() -> None:
    """Load every plugin and set what Pillow keeps per process; once, about 60 ms.

    Pillow's own guard against decompression bombs warns at its limit and refuses at twice
    that, so it is set to half of the largest limit; the limit per format is ours. Codecs
    would start a thread per core each; a pool has a process per core already.
    """
    Image.MAX_IMAGE_PIXELS = JPEG_PIXELS_MAX // 2
    Image.WARN_POSSIBLE_FORMATS = True  # else a plugin's reason for refusing is swallowed
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    for name in _PLUGINS:
        importlib.import_module(f"PIL.{name}ImagePlugin")
    with contextlib.suppress(ImportError):
        _register_heif()


def _register_heif() -> None:
    """Without the small pictures a HEIF file may carry beside the one that is meant."""
    pillow_heif = importlib.import_module("pillow_heif")
    pillow_heif.register_heif_opener(
        decode_threads=1, thumbnails=False, depth_images=False, aux_images=False
    )
