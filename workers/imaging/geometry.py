"""Sizes and cuts of renditions: arithmetic only.

A scale is relative to the original and never over 1: nothing is enlarged. A cropped preset
takes the largest centred box of its own proportions and shrinks it to the preset's size; in
a smaller original the box stays as it is, so 100 by 300 becomes a thumb of 100 by 100.
"""

from collections.abc import Iterable

from webapp.core.presets import Preset

Size = tuple[int, int]
Box = tuple[float, float, float, float]

SIDE_MAX = 16_383
"""The longest side a WebP can have. A taller rendition is made narrower, not cut."""


def scaled(size: Size, scale: float) -> Size:
    """Return ``size`` times ``scale``, whole pixels, at least one."""
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def scale_of(preset: Preset, size: Size) -> float:
    """Return how large the whole picture must be for ``preset`` to come out of it.

    Args:
        preset: The recipe.
        size: Of the original, upright.

    Returns:
        ``0 < scale <= 1``.
    """
    width, height = size
    if preset.crop:
        return min(1.0, max(preset.width / width, (preset.height or preset.width) / height))
    widest, highest = min(preset.width, SIDE_MAX), min(preset.height or SIDE_MAX, SIDE_MAX)
    return min(1.0, widest / width, highest / height)


def working_size(presets: Iterable[Preset], size: Size) -> Size:
    """Return the smallest size of the whole picture from which all ``presets`` can be made."""
    return scaled(size, max(scale_of(preset, size) for preset in presets))


def cut_of(preset: Preset, size: Size) -> Box:
    """Return the part of a picture of ``size`` that ``preset`` shows: left, top, right, bottom."""
    width, height = size
    if not preset.crop:
        return 0, 0, width, height
    box_height = preset.height or preset.width
    ratio = min(width / preset.width, height / box_height)
    left = (width - preset.width * ratio) / 2
    top = (height - box_height * ratio) / 2
    return left, top, width - left, height - top


def target_size(preset: Preset, size: Size) -> Size:
    """Return the size of the rendition.

    Args:
        preset: The recipe.
        size: Of the original, upright.
    """
    if not preset.crop:
        return scaled(size, scale_of(preset, size))
    left, top, right, bottom = cut_of(preset, size)
    return (
        max(1, min(preset.width, round(right - left))),
        max(1, min(preset.height or preset.width, round(bottom - top))),
    )


def is_large_enough(preset: Preset, *, size: Size, target: Size) -> bool:
    """Tell whether ``target`` can be made from a picture of ``size`` without enlarging it.

    Half a pixel is forgiven: sizes in between were rounded.
    """
    left, top, right, bottom = cut_of(preset, size)
    return right - left + 0.5 >= target[0] and bottom - top + 0.5 >= target[1]
