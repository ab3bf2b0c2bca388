"""Accept: which type of a rendition a client likes best.

Source: RFC 9110 sections 12.4.2 (quality values) and 12.5.1 (Accept).
"""

import re
from functools import lru_cache
from typing import Final

from webapp.core.presets import RENDITION_TYPES

FALLBACKS: Final = ("jpg", "png")
_QUALITY: Final = re.compile(r"[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_MAX_LENGTH: Final = 1000


@lru_cache(maxsize=1024)
def extensions_preferred(accept: str, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return the extensions of a rendition to try, best first.

    AVIF and WebP come first only for clients that name them: ``*/*`` is what programs send
    that may know JPEG and PNG alone. Every extension is in the answer, the refused ones last:
    a picture the client did not ask for is more use than a 406.

    Args:
        accept: The header's value; empty when there was none.
        formats: What the preset is made in beside the fallbacks; of those a client likes
            equally, the first.
    """
    ranges = _ranges(accept[:_MAX_LENGTH])
    fallbacks = sorted(FALLBACKS, key=lambda ext: -_quality(ranges, RENDITION_TYPES[ext]))
    best_fallback = _quality(ranges, RENDITION_TYPES[fallbacks[0]])
    named = {ext: ranges.get(RENDITION_TYPES[ext], 0.0) for ext in formats}
    liked = [ext for ext in formats if named[ext] and named[ext] >= best_fallback]
    liked.sort(key=lambda ext: -named[ext])
    return (*liked, *fallbacks, *(ext for ext in reversed(formats) if ext not in liked))


def _ranges(accept: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    for item in accept.split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        matches = (_QUALITY.fullmatch(parameter) for parameter in parameters)
        ranges[name.lower()] = next((float(match[1]) for match in matches if match), 1.0)
    return ranges


def _quality(ranges: dict[str, float], content_type: str) -> float:
    """Return how much a type is wanted; the most specific range that matches decides."""
    family = content_type.partition("/")[0]
    for candidate in (content_type, f"{family}/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return 1.0 if ranges.keys() <= {""} else 0.0
