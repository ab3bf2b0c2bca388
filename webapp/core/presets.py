"""Presets: the named recipes renditions are made by. Presets are data.

A changed recipe is a new preset name; an old name stays readable for ever, because pages
all over the web may carry it.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe.

    Args:
        name: Lower-case letters and digits; part of keys and links.
        width: Widest result, pixels.
        height: Height of the result when ``crop``, else the highest result; None when the height
            follows the width.
        crop: True: exactly width by height, cut from the middle. False: fitted, never enlarged.
        formats: Extensions beside the fallback, best first: ``webp``, and ``avif`` where its
            fewer bytes are worth its time.
        fallback: Whether JPEG or PNG is made beside them; False where one format is asked for.
    """

    name: str
    width: int
    height: int | None = None
    crop: bool = False
    formats: tuple[str, ...] = ("webp",)
    fallback: bool = True

    def extensions(self, *, transparent: bool) -> tuple[str, ...]:
        """Return the extensions of this preset's renditions, best first, the fallback last."""
        if not self.fallback:
            return self.formats
        return (*self.formats, fallback_extension(transparent=transparent))


PRESETS = (
    Preset("thumb", 256, 256, crop=True),
    Preset("w320", 320),
    Preset("w800", 800),
    Preset("w1600", 1600),
)
PRESET_BY_NAME = MappingProxyType({preset.name: preset for preset in PRESETS})

RENDITION_TYPES = MappingProxyType(
    {"webp": "image/webp", "jpg": "image/jpeg", "png": "image/png", "avif": "image/avif"}
)

ORIGINAL_TYPES = MappingProxyType(
    {
        "image/jpeg": "jpg",
        "image/png": "png",
        "image/webp": "webp",
        "image/gif": "gif",
        "image/avif": "avif",
        "image/heic": "heic",
        "image/tiff": "tiff",
        "image/bmp": "bmp",
    }
)
"""Content type of an original → the extension its links carry."""

BROWSER_TYPES = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/bmp"}
)
"""Types every current browser shows, so that an original may stand in for a rendition."""


def fallback_extension(*, transparent: bool) -> str:
    """Return the extension of the rendition for clients without WebP."""
    return "png" if transparent else "jpg"


def rendition_names(*, transparent: bool) -> tuple[str, ...]:
    """Return ``preset.ext`` of every rendition an image should have, smallest preset first."""
    return tuple(
        f"{preset.name}.{extension}"
        for preset in PRESETS
        for extension in preset.extensions(transparent=transparent)
    )


def larger_presets(name: str) -> tuple[str, ...]:
    """Return the presets that can stand in for ``name``, nearest first.

    A crop shows less than the whole, so it never stands in for a fitted preset.
    """
    wanted = PRESET_BY_NAME[name]
    fits = (p for p in PRESETS if not p.crop and p.name != name and p.width > wanted.width)
    return tuple(preset.name for preset in sorted(fits, key=lambda preset: preset.width))
