"""What a client says of its upload beside the bytes: names and words, cleaned."""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.core.errors import MalformedRequestError
from webapp.core.ids import Kind, kind_parse
from webapp.core.text import TEXT_LENGTH, clean_filename, clean_text


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
        MalformedRequestError: A kind that does not exist, or words that are too long.
    """
    return Details(
        filename=clean_filename(values.get("filename", "") if filename is None else filename),
        title=_words("title", values),
        album=_words("album", values),
        kind=kind_parse(values.get("kind", "") or Kind.PUBLIC.value),
    )


def _words(name: str, values: Mapping[str, str]) -> str:
    words = values.get(name, "")
    if len(words) > TEXT_LENGTH:
        raise MalformedRequestError(
            f"The {name} has {len(words)} characters; {TEXT_LENGTH} are allowed."
        )
    return clean_text(words)
