"""A cleaned file as pieces: stretches of the source, and a few new bytes between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from webapp.intake.containers.source import Source

BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """A stretch of the source that stays as it is.

    Args:
        start: Offset of its first byte.
        end: Offset after its last byte.
    """

    start: int
    end: int


Piece = Kept | bytes


def piece_bytes(piece: Piece) -> int:
    """Return the length of a piece."""
    return piece.end - piece.start if isinstance(piece, Kept) else len(piece)


def is_whole(pieces: Iterable[Piece], size: int) -> bool:
    """Tell whether the pieces are all of the source, in order, and nothing else.

    Stops at the first that is not, mostly near the beginning.

    Args:
        pieces: Of the cleaned file.
        size: Bytes of the source.
    """
    position = 0
    for piece in pieces:
        if not isinstance(piece, Kept) or piece.start != position:
            return False
        position = piece.end
    return position == size


def write_pieces(pieces: Iterable[Piece], source: Source, target: Path) -> None:
    """Write the pieces to ``target``; after an error there is no such file.

    Raises:
        OSError: Could not be written.
        ShoeboxError: The source turned out to be broken on the way.
    """
    try:
        with target.open("wb") as file:
            for piece in pieces:
                file.writelines(_blocks(piece, source))
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def joined(pieces: Iterable[Piece], source: Source) -> bytes:
    """Return the pieces as bytes; for sources that are in memory themselves.

    Raises:
        ShoeboxError: The source turned out to be broken on the way.
    """
    return b"".join(block for piece in pieces for block in _blocks(piece, source))


def _blocks(piece: Piece, source: Source) -> Iterator[bytes]:
    if isinstance(piece, bytes):
        yield piece
        return
    for start in range(piece.start, piece.end, BLOCK_BYTES):
        yield source.exact(start, min(BLOCK_BYTES, piece.end - start))
