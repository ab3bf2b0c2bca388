"""Pictures that move: their frames, one at a time, within a budget.

Whatever is over the budget, or broken after its first frame, is shown standing still: that
costs nobody their picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageFile

from workers.imaging.model import ANIMATION_FRAMES_MAX, ANIMATION_PIXELS_MAX

MOVING_FORMATS = frozenset({"AVIF", "GIF", "PNG", "WEBP"})
"""In the others a further frame is a page, another view or a gain map."""

_HASTY_MS, _USUAL_MS = 10, 100
"""Browsers show a frame that asks for so little time for a tenth of a second."""

_LONGEST_MS = 60_000


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame as it is decoded.

    Args:
        image: Good until the next moment is asked for.
        milliseconds: How long it is shown.
    """

    image: Image.Image
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Motion:
    """What moves in a picture.

    Args:
        plays: How often it runs; 0: for ever.
        moments: From the first on, once.
    """

    plays: int
    moments: Iterator[Moment]


def find_motion(image: ImageFile.ImageFile, *, format_name: str) -> Motion | None:
    """Return what moves in ``image``; None when nothing does or it is over the budget.

    Args:
        image: Its first frame decoded. Asking for moments changes it.
        format_name: Pillow's name of the format.
    """
    frames = frames_of(image, format_name=format_name)
    pixels = frames * image.width * image.height
    if not 1 < frames <= ANIMATION_FRAMES_MAX or pixels > ANIMATION_PIXELS_MAX:
        return None
    # In a PNG the first image may be for viewers that know no animations.
    first = int(getattr(image, "default_image", False))
    return Motion(_plays(image, format_name), _moments(image, range(first, frames)))


def frames_of(image: ImageFile.ImageFile, *, format_name: str) -> int:
    """Return how many frames an animation has, 1 for anything else."""
    return getattr(image, "n_frames", 1) if format_name in MOVING_FORMATS else 1


def _plays(image: Image.Image, format_name: str) -> int:
    if format_name != "GIF":
        return int(image.info.get("loop", 0))
    # A GIF says how often it runs again, and nothing when it runs once.
    again = image.info.get("loop")
    return 1 if again is None else again and again + 1


def _moments(image: ImageFile.ImageFile, numbers: range) -> Iterator[Moment]:
    size = image.size
    for number in numbers:
        image.seek(number)
        if image.size != size:  # a GIF's frame may reach beyond its screen
            raise ValueError(image.size)
        image.load()
        asked = round(image.info.get("duration") or 0)
        yield Moment(image, min(asked, _LONGEST_MS) if asked > _HASTY_MS else _USUAL_MS)
