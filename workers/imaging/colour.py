"""Colours as the file means them → sRGB, which everything we write is in."""

import contextlib
import functools
import io
import itertools

from PIL import Image, ImageChops, ImageCms

_PROBE_STEPS = range(0, 256, 51)
_INVISIBLE = 1
"""Difference of one in 255 that a profile close to sRGB makes; not worth a conversion."""

# What the profile of a picture in this mode must describe.
_COLOUR_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture in sRGB: ``L``, ``LA``, ``RGB`` or ``RGBA``.

    A profile that is garbage, or describes another colour space than the pixels have, is
    ignored, as browsers do.

    Args:
        image: In one of the working modes; its alpha channel passes untouched.
        profile: The ICC profile that came with it.
    """
    if image.mode in {"LA", "RGBA"}:
        alpha = image.getchannel("A")
        plain = to_srgb(image.convert(image.mode[:-1]), profile)
        plain.putalpha(alpha)
        return plain
    transform = _find_transform(profile, image.mode) if profile else None
    if transform is None:
        return image.convert("RGB") if image.mode == "CMYK" else image
    converted = transform.apply(image)
    return converted.convert("L") if image.mode == "L" else converted


@functools.lru_cache(maxsize=16)
def _find_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """None when there is nothing to do; most cameras write one of a few profiles."""
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _COLOUR_SPACES[mode].strip():
            return None
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.PERCEPTUAL
        )
        return transform if mode == "CMYK" or _is_visible(transform, mode) else None
    return None


def _is_visible(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Try the transform on a grid of colours: much cheaper than on a picture."""
    probe = _probe().convert(mode)
    difference = ImageChops.difference(probe.convert("RGB"), transform.apply(probe))
    return max(difference.tobytes()) > _INVISIBLE


@functools.cache
def _probe() -> Image.Image:
    colours = itertools.product(_PROBE_STEPS, repeat=3)
    return Image.frombytes("RGB", (len(_PROBE_STEPS) ** 3, 1), bytes(itertools.chain(*colours)))
