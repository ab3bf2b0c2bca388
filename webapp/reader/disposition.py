"""Content-Disposition: under which name a browser keeps a blob.

Source: RFC 6266 (the header), RFC 8187 (names beyond ASCII).
"""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from webapp.core.presets import ORIGINAL_TYPES

MAX_NAME: Final = 120
_UNWANTED: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*%;\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+'
)
_PICTURE_EXTENSIONS: Final = frozenset({*ORIGINAL_TYPES.values(), "jpeg", "jpe", "tif", "heif"})


def inline(stem: str, extension: str) -> str:
    """Return the header for showing a blob; its name is used when it is saved by hand.

    Args:
        stem: Image id.
        extension: True extension of the bytes.
    """
    return f'inline; filename="{stem}.{extension}"'


def attachment(wanted: str, *, stem: str, extension: str) -> str:
    """Return the header for keeping a blob under a name the link brought.

    Args:
        wanted: Any text; cleaned of paths, quotes, control and direction characters.
        stem: Used when nothing is left of it.
        extension: True extension of the bytes, whatever ``wanted`` ends in.
    """
    name = f"{_clean(wanted) or stem}.{extension}"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    if plain.startswith("."):
        plain = f"{stem}{plain}"
    header = f'attachment; filename="{plain}"'
    if plain == name:
        return header
    return f"{header}; filename*=UTF-8''{quote(name, safe='')}"


def _clean(wanted: str) -> str:
    valid = wanted.encode("utf-8", "ignore").decode()
    base = re.split(r"[/\\]", valid)[-1]
    name = _UNWANTED.sub("_", unicodedata.normalize("NFC", base)).strip(" ._")
    stem, dot, suffix = name.rpartition(".")
    if dot and suffix.lower() in _PICTURE_EXTENSIONS:
        name = stem.strip(" ._")
    return name[:MAX_NAME]
