"""WebP without what the policy removes: every chunk that is not known to be needed."""

from collections.abc import Iterator

from webapp.core.errors import NotDecodableError
from webapp.intake.containers.source import Source
from webapp.intake.containers.tiff import read_exif
from webapp.intake.containers.webp import (
    EXIF_FLAG,
    FRAME_CHUNKS_MAX,
    FRAME_HEADER_BYTES,
    HEADER_BYTES,
    Chunk,
    chunks,
    riff_end,
)
from webapp.intake.metadata.exif import clean_exif
from webapp.intake.metadata.pieces import Kept, Piece, piece_bytes
from webapp.intake.metadata.policy import MetadataPolicy

_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_SHOWN = _PIXELS | {b"ICCP", b"ANIM"}
_VP8X_BYTES = 10
_SHOWN_FLAGS = 0x20 | 0x10 | 0x02
"""Profile, transparency, animation."""


def webp_pieces(source: Source, *, policy: MetadataPolicy) -> Iterator[Piece]:
    """Yield the WebP up to the end of its RIFF: pixels, profile, and what EXIF may say.

    Raises:
        ShoeboxError: As ``riff_end`` and ``chunks``.
    """
    cleaned = _clean_exif(source, policy)
    size = 4 + sum(map(piece_bytes, _body(source, cleaned)))
    header = b"RIFF" + size.to_bytes(4, "little") + b"WEBP"
    is_same = source.some(0, HEADER_BYTES) == header
    yield Kept(0, HEADER_BYTES) if is_same else header
    yield from _body(source, cleaned)


def _clean_exif(source: Source, policy: MetadataPolicy) -> bytes:
    """Return what may stay of the first EXIF that the flags announce; others are not read."""
    announced = False
    for chunk in chunks(source, HEADER_BYTES, riff_end(source)):
        if chunk.kind == b"VP8X":
            announced = bool(source.exact(chunk.body, 1)[0] & EXIF_FLAG)
        elif chunk.kind == b"EXIF" and announced:
            return clean_exif(read_exif(source, chunk.body, chunk.length), policy=policy)
    return b""


def _body(source: Source, cleaned: bytes) -> Iterator[Piece]:
    exif = cleaned
    for chunk in chunks(source, HEADER_BYTES, riff_end(source)):
        if chunk.kind in _SHOWN:
            yield from _kept(source, chunk)
        elif chunk.kind == b"VP8X":
            yield from _flags(source, chunk, with_exif=bool(cleaned))
        elif chunk.kind == b"ANMF":
            yield from _frame(source, chunk)
        elif chunk.kind == b"EXIF" and exif:
            yield _replaced(source, chunk, exif)
            exif = b""


def _kept(source: Source, chunk: Chunk) -> Iterator[Piece]:
    """The byte that makes the length even may be missing at the end, or hold something."""
    yield Kept(chunk.start, chunk.end)
    if chunk.length % 2:
        padded = source.some(chunk.end, 1) == b"\0"
        yield Kept(chunk.end, chunk.end + 1) if padded else b"\0"


def _flags(source: Source, chunk: Chunk, *, with_exif: bool) -> Iterator[Piece]:
    if chunk.length < _VP8X_BYTES:
        raise NotDecodableError(reason=f"VP8X of {chunk.length} bytes")
    old = source.exact(chunk.body, _VP8X_BYTES)
    flags = old[0] & _SHOWN_FLAGS | (EXIF_FLAG if with_exif else 0)
    yield _replaced(source, chunk, bytes((flags, 0, 0, 0)) + old[4:])


def _replaced(source: Source, chunk: Chunk, content: bytes) -> Piece:
    """Return the chunk with this content; itself if that is what it has."""
    padding = b"\0" * (len(content) % 2)
    new = chunk.kind + len(content).to_bytes(4, "little") + content + padding
    is_same = len(content) == chunk.length and source.some(chunk.start, len(new)) == new
    return Kept(chunk.start, chunk.start + len(new)) if is_same else new


def _frame(source: Source, chunk: Chunk) -> Iterator[Piece]:
    """A frame is a box of its own, with room for unknown chunks."""
    body_end = chunk.body + FRAME_HEADER_BYTES
    if body_end > chunk.end:
        raise NotDecodableError(reason=f"ANMF of {chunk.length} bytes")
    pieces: list[Piece] = [Kept(chunk.body, body_end)]
    for inner in chunks(source, body_end, chunk.end, most=FRAME_CHUNKS_MAX):
        if inner.kind in _PIXELS:
            pieces.extend(_kept(source, inner))
    size = sum(map(piece_bytes, pieces))
    head = chunk.kind + size.to_bytes(4, "little")
    yield Kept(chunk.start, chunk.body) if size == chunk.length else head
    yield from pieces
