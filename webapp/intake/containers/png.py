"""PNG and APNG: chunks from IHDR to IEND.

Source: PNG, third edition (W3C 2025), sections 5 and 11.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webapp.core.errors import NotDecodableError, TruncatedError
from webapp.intake.containers.facts import Facts, Limits, upright
from webapp.intake.containers.source import Source
from webapp.intake.containers.tiff import find_orientation, read_exif

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_LENGTH_MAX = 2**31 - 1
_CHUNKS_MAX = 250_000
"""The most that 64 MiB hold in chunks of 256 bytes; encoders write thousands per chunk."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk.

    Args:
        kind: Its four letters.
        start: Offset of its length field.
        end: Offset after its check sum.
    """

    kind: bytes
    start: int
    end: int

    @property
    def body(self) -> int:
        """Offset of the content."""
        return self.start + 8

    @property
    def length(self) -> int:
        """Bytes of content."""
        return self.end - self.start - 12


def chunks(source: Source) -> Iterator[Chunk]:
    """Yield the chunks, IHDR first and IEND last; what follows IEND is not looked at.

    Raises:
        TruncatedError: The file ends before IEND.
        NotDecodableError: No IHDR first, a malformed chunk, or more chunks than any PNG has.
    """
    if source.some(0, len(SIGNATURE)) != SIGNATURE:
        raise NotDecodableError(reason="no PNG signature")
    position = len(SIGNATURE)
    for number in range(_CHUNKS_MAX):
        chunk = _chunk(source, position)
        if not number and (chunk.kind, chunk.length) != (b"IHDR", 13):
            raise NotDecodableError(reason=f"PNG begins with {chunk.kind!r}")
        yield chunk
        if chunk.kind == b"IEND":
            return
        position = chunk.end
    raise NotDecodableError(reason=f"more than {_CHUNKS_MAX} chunks")


def _chunk(source: Source, start: int) -> Chunk:
    head = source.exact(start, 8)
    length, kind = int.from_bytes(head[:4]), head[4:]
    if length > _LENGTH_MAX or not kind.isalpha():
        raise NotDecodableError(reason=f"PNG chunk {kind!r} of {length} bytes")
    chunk = Chunk(kind, start, start + 12 + length)
    if chunk.end > source.size:
        raise TruncatedError(bytes=source.size, needed=chunk.end)
    return chunk


def inspect(source: Source, *, limits: Limits) -> Facts:
    """Return what IHDR, acTL and the first eXIf say.

    Raises:
        TooManyPixelsError: As soon as IHDR is seen.
        TooManyFramesError: More frames than allowed, announced or counted.
        TruncatedError: No IEND.
        NotDecodableError: No pixels, or broken chunks.
    """
    size, frames, orientation, seen = (0, 0), 0, 0, set[bytes]()
    for chunk in chunks(source):
        if chunk.kind == b"IHDR":
            size = _size(source, chunk, limits)
        elif chunk.kind == b"fcTL":
            frames += 1
            limits.check_frames(frames)
        elif chunk.kind == b"acTL":
            limits.check_frames(int.from_bytes(source.some(chunk.body, 4)))
        elif chunk.kind == b"eXIf" and b"eXIf" not in seen:
            orientation = find_orientation(read_exif(source, chunk.body, chunk.length))
        seen.add(chunk.kind)
    if b"IDAT" not in seen:
        raise NotDecodableError(reason="no pixels in the PNG")
    animated = b"acTL" in seen
    return Facts(*upright(*size, orientation), frames=frames if animated and frames else 1)


def _size(source: Source, chunk: Chunk, limits: Limits) -> tuple[int, int]:
    header = source.exact(chunk.body, 8)
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:])
    limits.check_size(width, height)
    return width, height
