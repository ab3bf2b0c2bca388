"""An image as pages show it: its name, its picture in several sizes, its links."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.accounts.models import User
from webapp.core.ids import Kind
from webapp.core.presets import BROWSER_TYPES, PRESET_BY_NAME, RENDITION_TYPES
from webapp.images.models import Image, ImageState
from webapp.images.representation import links_of

NARROWEST, WIDEST = 5, 24
TILE_PRESETS = ("w320", "w800")
PAGE_PRESETS = ("w320", "w800", "w1600")


@dataclass(frozen=True, slots=True)
class Source:
    """One picture in several widths, as ``srcset`` wants it; the widest is what ``src`` takes."""

    type: str
    srcset: str
    src: str


@dataclass(frozen=True, slots=True)
class Card:
    """What templates need of an image.

    Args:
        image: The row.
        links: As the API gives them.
    """

    image: Image
    links: Mapping[str, Any]

    @classmethod
    def of(cls, image: Image, viewer: User | None) -> "Card":
        """Return the card of an image, with the links ``viewer`` may have."""
        return cls(image, links_of(image, viewer=viewer))

    @property
    def name(self) -> str:
        """What people call it."""
        return self.image.title or self.image.filename or "Untitled"

    @property
    def shape(self) -> str:
        """Class of its aspect ratio, in tenths: no style may stand in the page itself."""
        tenths = round(10 * self.image.width / self.image.height)
        return f"r{min(max(tenths, NARROWEST), WIDEST)}"

    @property
    def signed(self) -> bool:
        """Whether only signed links show it."""
        return self.image.kind is Kind.SIGNED

    @property
    def prepared(self) -> bool:
        """Whether its renditions can be shown."""
        return self.image.state == ImageState.READY

    @property
    def original(self) -> str:
        """Link to the original where a browser can show it now; empty otherwise."""
        served = self.image.state in {ImageState.STORED, ImageState.READY, ImageState.FAILED}
        showable = served and self.image.content_type in BROWSER_TYPES
        return (self.links["original"] or "") if showable else ""

    @property
    def moving(self) -> bool:
        """Whether only its original moves, so that it should be shown instead of a rendition."""
        return self.image.frames > 1 and bool(self.original)

    @property
    def tile_sources(self) -> list[Source]:
        """Its picture for a gallery, the best format first, the fallback last."""
        return self._sources(TILE_PRESETS)

    @property
    def page_sources(self) -> list[Source]:
        """Its picture for a page of its own, the best format first, the fallback last."""
        return self._sources(PAGE_PRESETS)

    def _sources(self, presets: tuple[str, ...]) -> list[Source]:
        renditions = self.links["renditions"]
        shared = (
            ext for ext in renditions[presets[0]] if all(ext in renditions[p] for p in presets)
        )
        return [
            _source(ext, {self._width(p): renditions[p][ext] for p in reversed(presets)})
            for ext in shared
        ]

    def _width(self, preset: str) -> int:
        return min(self.image.width, PRESET_BY_NAME[preset].width)


def _source(extension: str, by_width: Mapping[int, str]) -> Source:
    # Ascending; of an image narrower than several presets the smallest of them is kept.
    pairs = sorted(by_width.items())
    srcset = ", ".join(f"{link} {width}w" for width, link in pairs)
    return Source(RENDITION_TYPES[extension], srcset, pairs[-1][1])
