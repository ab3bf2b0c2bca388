"""What a client says of its upload beside the bytes: names and words, cleaned."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from webapp.core.errors import MalformedRequestError
from webapp.core.ids import Kind

TEXT_LENGTH = 255
_KINDS = {"p": Kind.PUBLIC, "public": Kind.PUBLIC, "s": Kind.SIGNED, "signed": Kind.SIGNED}


@dataclass(frozen=True, slots=True)
class Details:
    """What a client may say of an upload."""

    filename: str = ""
    title: str = ""
    album: str = ""
    kind: Kind = Kind.PUBLIC


def details_read(values: Mapping[str, str], *, filename: str | None = None) -> Details:
    """Return the cleaned details of a form or a query.

    Raises:
        MalformedRequestError: A kind that does not exist.
    """
    kind = values.get("kind", "") or "p"
    if kind not in _KINDS:
        raise MalformedRequestError(f"kind {kind[:32]!r} is neither 'p' (public) nor 's' (signed).")
    return Details(
        filename=clean_filename(values.get("filename", "") if filename is None else filename),
        title=clean_text(values.get("title", "")),
        album=clean_text(values.get("album", "")),
        kind=_KINDS[kind],
    )


def clean_text(text: str) -> str:
    """Return one line without control and direction characters, 255 characters at most."""
    normal = unicodedata.normalize("NFC", text)
    kept = "".join(" " if c.isspace() else c for c in normal if c.isspace() or _harmless(c))
    return " ".join(kept.split())[:TEXT_LENGTH]


def clean_filename(name: str) -> str:
    """Return the last part of a path, cleaned; its end is kept when it has to be cut."""
    last = name.replace("\\", "/").rpartition("/")[2][-TEXT_LENGTH:]
    return clean_text(last).lstrip(".")


def _harmless(character: str) -> bool:
    # Cc: control, Cf: direction marks and other formats, Cs: halves of surrogate pairs.
    # The joiner stays: emoji are made with it.
    return character == "\u200d" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
