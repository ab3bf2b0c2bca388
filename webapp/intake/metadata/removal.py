"""Make a copy of a spool file without what the policy removes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from webapp.core.errors import UnsupportedTypeError
from webapp.intake.containers.source import Source, open_source
from webapp.intake.metadata.gif import gif_pieces
from webapp.intake.metadata.jpeg import jpeg_pieces
from webapp.intake.metadata.pieces import Piece, is_whole, write_pieces
from webapp.intake.metadata.png import png_pieces
from webapp.intake.metadata.policy import MetadataPolicy
from webapp.intake.metadata.webp import webp_pieces


class _Clean(Protocol):
    def __call__(self, source: Source, *, policy: MetadataPolicy) -> Iterator[Piece]: ...


_CLEANERS: Mapping[str, _Clean] = MappingProxyType(
    {
        "image/jpeg": jpeg_pieces,
        "image/png": png_pieces,
        "image/webp": webp_pieces,
        "image/gif": gif_pieces,
    }
)


def can_strip(content_type: str) -> bool:
    """Tell whether ``strip`` can clean this type without a decode.

    Originals of the others may hold a location for ever, so they are kept ``private``.
    """
    return content_type in _CLEANERS


def strip(source: Path, target: Path, *, content_type: str, policy: MetadataPolicy) -> bool:
    """Write ``source`` without what ``policy`` removes to ``target``.

    Lossless: the coded pixels are copied bit by bit, and the picture looks the same in every
    viewer. A list of what may stay decides, so what nobody thought of goes; so does whatever
    lies after the image's end, between its parts, or unreferenced inside its EXIF. Cleaning
    twice changes nothing more. Memory is bounded whatever the file holds; the cost is one
    or two reads and one write.

    Args:
        source: The upload as it came; never changed.
        target: Another file, overwritten; not flushed to disk.
        content_type: As found by ``probe``.
        policy: What goes.

    Returns:
        True when ``target`` was written; False when nothing had to go and it was not.

    Raises:
        UnsupportedTypeError: Not a type that ``can_strip``; nothing was cleaned.
        TruncatedError: The source ends before the picture does.
        NotDecodableError: The container is broken.
        OSError: ``target`` cannot be written; it does not exist then.
    """
    with open_source(source) as spool:
        pieces = cleaned_pieces(spool, content_type=content_type, policy=policy)
        if pieces is None:
            return False
        write_pieces(pieces, spool, target)
    return True


def cleaned_pieces(
    source: Source, *, content_type: str, policy: MetadataPolicy
) -> Iterator[Piece] | None:
    """Return an open source as pieces without what ``policy`` removes; None: nothing has to go.

    See ``strip``, which writes them to a file.

    Raises:
        ShoeboxError: As ``strip``, also while iterating.
    """
    if policy is MetadataPolicy.KEEP:
        return None
    clean = _CLEANERS.get(content_type)
    if not clean:
        raise UnsupportedTypeError(found=content_type)
    if is_whole(clean(source, policy=policy), source.size):
        return None
    return clean(source, policy=policy)
