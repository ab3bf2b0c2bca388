"""JPEG: segments between SOI and EOI, each scan with its entropy-coded data.

Source: ITU-T T.81, annex B; JFIF 1.02; Exif 3.0, section 4.5.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from webapp.core.errors import NotDecodableError, TruncatedError
from webapp.intake.containers.facts import Facts, Limits, upright
from webapp.intake.containers.source import WINDOW_BYTES, Source
from webapp.intake.containers.tiff import EXIF_PREFIX, find_orientation, read_exif

SOI_BYTES = 2
APP0, APP1, APP2, APP14 = 0xE0, 0xE1, 0xE2, 0xEE
EOI, SOS = 0xD9, 0xDA
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
CODING_MARKERS = frozenset(range(0xC0, 0xE0)) - set(range(0xD0, 0xD9))
"""All that a decoder needs: frames, scans, tables, intervals, EOI; not SOI, not RSTn."""
APPLICATION_MARKERS = frozenset({*range(0xE0, 0xF0), 0xFE})
"""APPn and COM: all that it does not need."""

_SEGMENTS_MAX = 100_000
"""A file of nothing but empty comments would otherwise keep a thread for a minute."""
_SEGMENTS_KEPT = 1000
_SEARCH_BYTES = 64 * 1024
# Neither a stuffed FF 00, nor TEM or RSTn, which have no length, nor a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True)
class Segment:
    """One marker with what belongs to it.

    Args:
        marker: Second byte of the marker.
        start: Offset of its first byte.
        end: Offset after its last byte; for SOS after the entropy-coded data.
    """

    marker: int
    start: int
    end: int

    @property
    def body(self) -> int:
        """Offset of the content, after marker and length."""
        return self.start + 4


def segments(source: Source) -> Iterator[Segment]:
    """Yield what follows SOI, EOI last; what lies between segments belongs to none.

    Walks the whole file once, at the speed of a search, and a source that it has walked not
    again, unless it has more segments than pictures do.

    Raises:
        TruncatedError: The file ends before EOI.
        NotDecodableError: A marker that no JPEG has, or more segments than any has.
    """
    if source.walked:
        yield from cast("Sequence[Segment]", source.walked)
        return
    if source.some(0, SOI_BYTES) != b"\xff\xd8":
        raise NotDecodableError(reason="no JPEG signature")
    position = SOI_BYTES
    found: list[Segment] = []
    for _ in range(_SEGMENTS_MAX):
        segment = _segment(source, _find_marker(source, position))
        if len(found) < _SEGMENTS_KEPT:
            found.append(segment)
        yield segment
        if segment.marker == EOI:
            source.walked = found if found[-1] is segment else ()
            return
        position = segment.end
    raise NotDecodableError(reason=f"more than {_SEGMENTS_MAX} segments")


def _segment(source: Source, start: int) -> Segment:
    marker = source.exact(start, 2)[1]
    if marker == EOI:
        return Segment(marker, start, start + 2)
    if marker not in CODING_MARKERS and marker not in APPLICATION_MARKERS:
        raise NotDecodableError(reason=f"JPEG marker {marker:02x}")
    length = int.from_bytes(source.exact(start + 2, 2))
    end = start + 2 + length
    if length < 2:  # noqa: PLR2004 - the length counts its own two bytes
        raise NotDecodableError(reason=f"JPEG segment of length {length}")
    if end > source.size:
        raise TruncatedError(bytes=source.size, needed=end)
    return Segment(marker, start, _find_marker(source, end) if marker == SOS else end)


def _find_marker(source: Source, position: int) -> int:
    """Return where the next marker begins, stepping over coded data, restarts and junk."""
    if _MARKER.match(source.some(position, 2)):
        return position
    length = WINDOW_BYTES
    while True:
        block = source.some(position, length)
        if found := _MARKER.search(block):
            return position + found.start()
        if position + len(block) >= source.size:
            raise TruncatedError(bytes=source.size, missing="end of image")
        position += len(block) - 1  # a marker may lie across the border
        length = _SEARCH_BYTES


def is_exif(source: Source, segment: Segment) -> bool:
    """Tell whether the segment holds EXIF."""
    return segment.marker == APP1 and source.some(segment.body, 6) == EXIF_PREFIX


def inspect(source: Source, *, limits: Limits) -> Facts:
    """Return what the frame header and the first EXIF say.

    Raises:
        TooManyPixelsError: As soon as the frame header is seen.
        TruncatedError: No EOI.
        NotDecodableError: Not exactly one frame header, no scan, or broken segments.
    """
    size: tuple[int, int] | None = None
    orientation: int | None = None
    scanned = False
    for segment in segments(source):
        if segment.marker in FRAME_MARKERS:
            if size:
                raise NotDecodableError(reason="two JPEG frame headers")
            size = _frame_size(source, segment, limits)
        elif not scanned and orientation is None and is_exif(source, segment):
            orientation = find_orientation(
                read_exif(source, segment.body, segment.end - segment.body)
            )
        scanned = scanned or segment.marker == SOS
    if not size or not scanned:
        raise NotDecodableError(reason="no frame header or no scan before the end of image")
    return Facts(*upright(*size, orientation or 0))


def _frame_size(source: Source, segment: Segment, limits: Limits) -> tuple[int, int]:
    header = source.exact(segment.body, 5)
    width, height = int.from_bytes(header[3:5]), int.from_bytes(header[1:3])
    limits.check_size(width, height)
    return width, height
