"""From the fifteen pixel modes a file can hold to the five we work in.

Grey, grey with alpha, RGB, RGB with alpha, and CMYK, which stays until its profile has been
applied. Eight bits each: nothing we write has more.
"""

import math

from PIL import Image, ImageCms

_WIDE = 65_536
_SIMPLER = {"1": "L", "La": "LA", "RGBa": "RGBA"}
_WORKING = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})


def to_working_mode(image: Image.Image) -> Image.Image:
    """Return the picture in one of the five modes, its transparency as an alpha channel.

    Returns:
        The same object where nothing was to do.
    """
    if image.mode.startswith("I;16"):
        return _narrow(image)
    if image.mode in {"I", "F"}:
        return _stretch(image)
    if image.mode == "LAB":
        return _from_lab(image)
    if image.mode in {"P", "PA"} or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in _WORKING:
        return image  # converting to the same mode would copy it
    return image.convert(_SIMPLER.get(image.mode, "RGB"))


def _narrow(image: Image.Image) -> Image.Image:
    """16 bit grey; Pillow's own conversion clips at 255 instead of scaling."""
    wide = image.convert("I")  # only this mode takes a table of all values
    grey = wide.point([round(value / 257) for value in range(_WIDE)], "L")
    key = image.info.get("transparency")
    if not isinstance(key, int) or not 0 <= key < _WIDE:
        return grey
    opaque = [255] * _WIDE
    opaque[key] = 0
    return Image.merge("LA", (grey, wide.point(opaque, "L")))


def _stretch(image: Image.Image) -> Image.Image:
    """32 bit integers and floats have no agreed white: the brightest pixel becomes it."""
    low, high = image.getextrema()
    span = float(high) - float(low)  # type: ignore[arg-type]  # single band: two numbers
    if not math.isfinite(span) or span <= 0:
        return Image.new("L", image.size, 0)
    factor = 255 / span
    offset = -float(low) * factor  # type: ignore[arg-type]  # as above
    return image.point(lambda value: value * factor + offset).convert("L")


def _from_lab(image: Image.Image) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    if converted is None:  # only when told to work in place
        raise AssertionError(image.mode)
    return converted
