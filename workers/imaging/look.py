"""What a picture looks like in a few bytes: a placeholder and a colour."""

import base64
from dataclasses import dataclass

from PIL import Image

from workers.imaging.geometry import scaled
from workers.imaging.thumbhash import thumbhash

_SIDE = 32
"""Of what is looked at; more changes neither answer that anybody could see."""

_COLOURS = 8
_VISIBLE = 128
_NOTHING_VISIBLE = "#808080"


@dataclass(frozen=True, slots=True)
class Look:
    """What to show while a picture loads.

    Args:
        placeholder: Its ThumbHash in base64, at most 40 characters.
        colour: The colour most of it has, ``#rrggbb``.
    """

    placeholder: str
    colour: str


def look_of(image: Image.Image) -> Look:
    """Return what ``image`` looks like; it stays as it is. About 2 ms.

    Args:
        image: The whole picture at any size, upright, sRGB: ``L``, ``LA``, ``RGB``, ``RGBA``.
    """
    size = scaled(image.size, min(1.0, _SIDE / max(image.size)))
    small = image.resize(size, Image.Resampling.BOX)
    pixels = small.convert("RGBA").tobytes()
    placeholder = base64.b64encode(thumbhash(small.width, small.height, pixels)).decode()
    return Look(placeholder, _main_colour(pixels))


def _main_colour(pixels: bytes) -> str:
    """Return the mean of the largest group of visible pixels, of few groups."""
    visible = b"".join(
        pixels[at : at + 3] for at in range(0, len(pixels), 4) if pixels[at + 3] >= _VISIBLE
    )
    if not visible:
        return _NOTHING_VISIBLE
    line = Image.frombytes("RGB", (len(visible) // 3, 1), visible)
    grouped = line.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT)
    counts, palette = grouped.histogram(), grouped.getpalette() or []
    group = max(range(_COLOURS), key=counts.__getitem__)
    return "#" + bytes(palette[3 * group : 3 * group + 3]).hex()
