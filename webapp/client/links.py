"""What is printed of an image: one line to use elsewhere."""

from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType
from typing import Any

_LARGEST = "w1600"
_FALLBACKS = ("jpg", "png", "webp")

Image = Mapping[str, Any]


def direct(image: Image) -> str:
    """Return the link to the picture itself.

    Of a picture whose original stays private, it leads to the largest rendition.
    """
    links = image["links"]
    if links.get("original"):
        return str(links["original"])
    files = links["renditions"][_LARGEST]
    return str(next(files[ext] for ext in _FALLBACKS if ext in files))


def _page(image: Image) -> str:
    return str(image["links"]["page"])


def _name(image: Image) -> str:
    return str(image.get("title") or image.get("filename") or image["id"])


def _markdown(image: Image) -> str:
    name = _name(image)
    for mark in ("\\", "[", "]"):
        name = name.replace(mark, f"\\{mark}")
    return f"![{name}]({direct(image)})"


def _html(image: Image) -> str:
    return f'<img src="{escape(direct(image))}" alt="{escape(_name(image))}">'


FORMS: Mapping[str, Callable[[Image], str]] = MappingProxyType(
    {"original": direct, "page": _page, "markdown": _markdown, "html": _html}
)
"""What ``--link`` may be, and what it prints."""
