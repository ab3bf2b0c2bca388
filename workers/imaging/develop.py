"""From a decoded picture to its frames: sRGB, one per preset."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from webapp.core.presets import Preset
from workers.imaging.colour import to_srgb
from workers.imaging.decode import Decoded
from workers.imaging.geometry import Size, cut_of, is_large_enough, scale_of, target_size

_OPAQUE = 255


@dataclass(frozen=True, slots=True)
class Developed:
    """The frames of a picture, ready to be encoded.

    Args:
        frames: By preset name; presets that come out the same share one object.
        transparent: True when at least one pixel is not opaque.
        smallest: The smallest that shows the whole picture.
    """

    frames: dict[str, Image.Image]
    transparent: bool
    smallest: Image.Image


def develop(decoded: Decoded, *, presets: Sequence[Preset]) -> Developed:
    """Make one frame per preset.

    Each is made from the next larger one, which after encoding cannot be told from making
    each from the original.

    Args:
        decoded: Large enough for all ``presets``.
        presets: At least one.
    """
    largest, transparent = _without_idle_alpha(to_srgb(decoded.image, decoded.profile))
    largest.info = {}  # Pillow writes some of it into what it saves
    frames, smallest = _cascade(largest, presets=presets, original=decoded.size)
    return Developed(frames, transparent, smallest)


def develop_moment(
    image: Image.Image, *, like: Decoded, presets: Sequence[Preset]
) -> dict[str, Image.Image]:
    """Make one frame per preset of a later moment, in the sizes of the first.

    Args:
        image: From ``decode_moment``.
        like: The first.
        presets: As for the first.
    """
    colours = to_srgb(image, like.profile)
    return _cascade(colours, presets=presets, original=like.size)[0]


def _without_idle_alpha(image: Image.Image) -> tuple[Image.Image, bool]:
    """Drop an alpha channel that hides nothing; tell whether one is left."""
    if not image.mode.endswith("A"):
        return image, False
    low, _ = image.getchannel("A").getextrema()
    return (image.convert(image.mode[:-1]), False) if low == _OPAQUE else (image, True)


def _cascade(
    largest: Image.Image, *, presets: Sequence[Preset], original: Size
) -> tuple[dict[str, Image.Image], Image.Image]:
    """Return a frame per preset, and the smallest that shows the whole."""
    frames, wholes = {}, [largest]
    for preset in sorted(presets, key=lambda preset: scale_of(preset, original), reverse=True):
        frame = _cut(wholes, preset=preset, target=target_size(preset, original))
        frames[preset.name] = frame
        if not preset.crop and frame is not wholes[-1]:
            wholes.append(frame)
    return frames, wholes[-1]


def _cut(wholes: Sequence[Image.Image], *, preset: Preset, target: Size) -> Image.Image:
    """Make one frame from the smallest of ``wholes`` (largest first) that is large enough."""
    large_enough = (
        whole
        for whole in reversed(wholes)
        if is_large_enough(preset, size=whole.size, target=target)
    )
    source = next(large_enough, wholes[0])
    if source.size == target:
        return source
    return source.resize(target, Image.Resampling.LANCZOS, box=cut_of(preset, source.size))
