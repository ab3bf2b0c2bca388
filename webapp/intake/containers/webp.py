"""WebP: RIFF chunks, of a still picture or of frames.

Source: RFC 9649 (WebP); RFC 6386, section 9.1 (VP8 frame header).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webapp.core.errors import NotDecodableError, TruncatedError
from webapp.intake.containers.facts import Facts, Limits, upright
from webapp.intake.containers.source import Source
from webapp.intake.containers.tiff import find_orientation, read_exif

HEADER_BYTES = 12
FRAME_HEADER_BYTES = 16
EXIF_FLAG = 0x08
CHUNKS_MAX = 100_000
"""Of a file; frames are a chunk each."""
FRAME_CHUNKS_MAX = 16
"""Of a frame: transparency and pixels, and what the future may add."""

_BITSTREAMS = frozenset({b"VP8 ", b"VP8L"})


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk.

    Args:
        kind: Its four letters.
        start: Offset of its first letter.
        length: Bytes of content.
    """

    kind: bytes
    start: int
    length: int

    @property
    def body(self) -> int:
        """Offset of the content."""
        return self.start + 8

    @property
    def end(self) -> int:
        """Offset after the content, before the byte that makes it even."""
        return self.body + self.length


def riff_end(source: Source) -> int:
    """Return the offset after the RIFF, where the file should end.

    Raises:
        TruncatedError: The file ends before.
        NotDecodableError: Not a WebP.
    """
    head = source.some(0, HEADER_BYTES)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise NotDecodableError(reason="no WebP signature")
    end = 8 + int.from_bytes(head[4:8], "little")
    if end > source.size:
        raise TruncatedError(bytes=source.size, needed=end)
    return end


def chunks(source: Source, start: int, end: int, *, most: int = CHUNKS_MAX) -> Iterator[Chunk]:
    """Yield the chunks between ``start`` and ``end``, at most ``most``.

    Raises:
        TruncatedError: A chunk runs over ``end``.
        NotDecodableError: There are more.
    """
    count = 0
    while start < end:
        count += 1
        if count > most:
            raise NotDecodableError(reason=f"more than {most} WebP chunks in one place")
        head = source.exact(start, 8)
        chunk = Chunk(head[:4], start, int.from_bytes(head[4:], "little"))
        if chunk.end > end:
            raise TruncatedError(bytes=source.size, needed=chunk.end)
        yield chunk
        start = chunk.end + chunk.length % 2


def inspect(source: Source, *, limits: Limits) -> Facts:
    """Return what the canvas, or the only frame, and the first EXIF say.

    Raises:
        TooManyPixelsError: As soon as a size is seen.
        TooManyFramesError: More frames than allowed.
        TruncatedError: The RIFF, or a chunk, is longer than what is there.
        NotDecodableError: No pixels.
    """
    end = riff_end(source)
    first = next(chunks(source, HEADER_BYTES, end), None)
    if first and first.kind in _BITSTREAMS:
        return Facts(*_bitstream_size(source, first, limits))
    if not first or first.kind != b"VP8X":
        raise NotDecodableError(reason="no pixels in the WebP")
    return _inspect_extended(source, first, end, limits)


def _inspect_extended(source: Source, first: Chunk, end: int, limits: Limits) -> Facts:
    """EXIF that the flags do not announce is ignored, as decoders do."""
    header = source.exact(first.body, 10)
    size = _pair(header[4:10], 24)
    limits.check_size(*size)
    frames, orientation, seen = 0, 0, set[bytes]()
    for chunk in chunks(source, first.end, end):
        if chunk.kind == b"ANMF":
            frames += 1
            limits.check_frames(frames)
        elif chunk.kind in _BITSTREAMS:
            _bitstream_size(source, chunk, limits)
        elif chunk.kind == b"EXIF" and b"EXIF" not in seen and header[0] & EXIF_FLAG:
            orientation = find_orientation(read_exif(source, chunk.body, chunk.length))
        seen.add(chunk.kind)
    if not seen & (_BITSTREAMS | {b"ANMF"}):
        raise NotDecodableError(reason="no pixels in the WebP")
    return Facts(*upright(*size, orientation), frames=max(1, frames))


def _pair(raw: bytes, bits: int) -> tuple[int, int]:
    """Return two numbers of so many bits, each one less than what it stands for."""
    number = int.from_bytes(raw, "little")
    mask = (1 << bits) - 1
    return (number & mask) + 1, (number >> bits & mask) + 1


def _short(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _bitstream_size(source: Source, chunk: Chunk, limits: Limits) -> tuple[int, int]:
    head = source.some(chunk.body, min(chunk.length, 10))
    if chunk.kind == b"VP8L" and head[:1] == b"\x2f":
        size = _pair(head[1:5], 14)
    elif chunk.kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        size = (_short(head[6:8]) & 0x3FFF, _short(head[8:10]) & 0x3FFF)
    else:
        raise NotDecodableError(reason="no frame header in the WebP")
    limits.check_size(*size)
    return size
