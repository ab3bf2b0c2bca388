"""Sizes on demand: renditions that no preset names, made when somebody asks with a signature.

``w640h480crop``, ``w640h480fit``, ``w640fit``, ``h480fit``: the name is the recipe. Each recipe has
one name, so that one picture is made once: numbers have no leading zeros, width comes first.
A preset's name never ends in ``fit`` or ``crop``, so the two cannot be taken for each other.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from webapp.core.errors import MalformedRequestError
from webapp.core.presets import RENDITION_TYPES, Preset

SIDE_MAX: Final = 4096
"""Longest side that may be asked for, pixels."""
MOST_LINK_SECONDS: Final = 366 * 86_400
"""As long as a link to one may be good."""
ANY_SIDE: Final = 16_383
"""Stands for a side that follows from the other; the most a WebP can have."""
FIT: Final = "fit"
CROP: Final = "crop"
MODES: Final = (FIT, CROP)
_NAME: Final = re.compile(
    r"(?:w(?P<width>[1-9][0-9]{0,3}))?(?:h(?P<height>[1-9][0-9]{0,3}))?(?P<mode>fit|crop)"
)


@dataclass(frozen=True, slots=True)
class OnDemandSize:
    """A size that is asked for. ``str()`` gives its name.

    Args:
        width: Pixels; None when it follows from the height.
        height: Pixels; None when it follows from the width.
        crop: True: cut from the middle to the proportions of both sides. False: the whole
            picture, within them. Never enlarged either way.
    """

    width: int | None
    height: int | None
    crop: bool

    def __str__(self) -> str:
        width = f"w{self.width}" if self.width else ""
        height = f"h{self.height}" if self.height else ""
        return f"{width}{height}{CROP if self.crop else FIT}"

    def preset(self, extension: str) -> Preset:
        """Return the recipe in one format, as renditions are made by."""
        return Preset(
            str(self),
            self.width or ANY_SIDE,
            self.height,
            crop=self.crop,
            formats=(extension,),
            fallback=False,
        )


@lru_cache(maxsize=4096)
def size_parse(name: str) -> OnDemandSize | None:
    """Return the size a name stands for; None when it is none, or over ``SIDE_MAX``."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return size_make(
            width=int(match["width"]) if match["width"] else None,
            height=int(match["height"]) if match["height"] else None,
            mode=match["mode"],
        )
    except MalformedRequestError:
        return None


def size_make(*, width: int | None, height: int | None, mode: str) -> OnDemandSize:
    """Return the size a caller describes.

    Raises:
        MalformedRequestError: No side, a side out of bounds, or a crop without both sides.
    """
    if mode not in MODES:
        raise MalformedRequestError(f"mode {mode[:16]!r} is neither 'fit' nor 'crop'.")
    sides = [side for side in (width, height) if side is not None]
    if not sides or (mode == CROP and len(sides) == 1):
        raise MalformedRequestError("A fit needs a width or a height, a crop needs both.")
    if not all(1 <= side <= SIDE_MAX for side in sides):
        raise MalformedRequestError(f"Sides are 1 to {SIDE_MAX} pixels, not {max(sides)}.")
    return OnDemandSize(width, height, mode == CROP)


def is_on_demand(file: str) -> bool:
    """Return whether a blob of this name, ``name.ext``, was made on demand."""
    name, _, extension = file.partition(".")
    return extension in RENDITION_TYPES and size_parse(name) is not None
