"""What goes into and comes out of the making of renditions: plain values, no pixels."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024

JPEG_PIXELS_MAX = 100_000_000
OTHER_PIXELS_MAX = 50_000_000
"""JPEG is decoded at reduced size, so twice the pixels cost no more memory."""

ANIMATION_FRAMES_MAX = 300
ANIMATION_PIXELS_MAX = 64_000_000
"""Of all frames together. An animation over either budget is shown standing still."""

ANIMATION_CPU_SECONDS_MAX = 8.0
"""What renditions that move may take beside the still ones; then they stand still too."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Facts of a picture, as its decoder saw them.

    Args:
        format: Pillow's name of the format, such as ``JPEG`` or ``HEIF``.
        width: Pixels, upright.
        height: Pixels, upright.
        frames: Frames of an animation; 1 for anything that does not move, also with pages.
        transparent: True when at least one pixel is not opaque.
        placeholder: What to show while it loads: its ThumbHash in base64.
        colour: The colour most of it has, ``#rrggbb``.
    """

    format: str
    width: int
    height: int
    frames: int
    transparent: bool
    placeholder: str
    colour: str


@dataclass(frozen=True, slots=True)
class Rendition:
    """One encoded rendition.

    Args:
        data: The bytes to store; upright, sRGB, without metadata.
        content_type: Of ``data``.
        width: Pixels.
        height: Pixels.
    """

    data: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """Everything one decode gave.

    Args:
        picture: Facts of the original.
        renditions: By name, ``{preset}.{extension}``.
    """

    picture: Picture
    renditions: dict[str, Rendition]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one picture may cost.

    The memory fits 50 megapixels at 17 bytes each, the most the codecs were seen to need,
    and the 100 megapixels of a progressive JPEG, which keeps all coefficients.

    Args:
        memory_bytes: Private writable memory of the child, its own 20 MiB included.
        cpu_seconds: Processor time of all its threads.
        wall_seconds: Time until the answer must be there.
    """

    memory_bytes: int = 1280 * MEBIBYTE
    cpu_seconds: float = 20.0
    wall_seconds: float = 40.0
