"""PNG without what the policy removes: every chunk that is not known to be needed."""

import zlib
from collections.abc import Iterator

from webapp.intake.containers.png import SIGNATURE, Chunk, chunks
from webapp.intake.containers.source import Source
from webapp.intake.containers.tiff import read_exif
from webapp.intake.metadata.exif import clean_exif
from webapp.intake.metadata.pieces import Kept, Piece
from webapp.intake.metadata.policy import MetadataPolicy

_SHOWN = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"pHYs", b"sBIT", b"hIST"}
    | {b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI"}
    | {b"acTL", b"fcTL", b"fdAT"}
)
"""What a viewer may need: pixels, transparency, colours, frames.

Not ``iDOT``, with which one vendor points into the pixels: it would point beside them now.
"""
_DATES = frozenset({b"tIME"})


def png_pieces(source: Source, *, policy: MetadataPolicy) -> Iterator[Piece]:
    """Yield the PNG up to its IEND: what shows the picture, and what EXIF may say.

    All text goes, whatever its keyword: profiles hide in it under many names. A chunk that
    stays keeps its check sum, right or wrong: that is the decoder's to judge.

    Raises:
        ShoeboxError: As ``chunks``.
    """
    stays = _SHOWN if policy is MetadataPolicy.STRIP_ALL else _SHOWN | _DATES
    wants_exif = True
    yield Kept(0, len(SIGNATURE))
    for chunk in chunks(source):
        if chunk.kind in stays:
            yield Kept(chunk.start, chunk.end)
        elif chunk.kind == b"eXIf" and wants_exif:
            yield from _exif(source, chunk, policy)
            wants_exif = False


def _exif(source: Source, chunk: Chunk, policy: MetadataPolicy) -> Iterator[Piece]:
    cleaned = clean_exif(read_exif(source, chunk.body, chunk.length), policy=policy)
    if not cleaned:
        return
    content = b"eXIf" + cleaned
    new = len(cleaned).to_bytes(4) + content + zlib.crc32(content).to_bytes(4)
    is_same = len(new) == chunk.end - chunk.start and source.some(chunk.start, len(new)) == new
    yield Kept(chunk.start, chunk.end) if is_same else new
