"""TIFF directories: in TIFF files, in big TIFF files, and in the EXIF of other types.

Source: TIFF 6.0, section 2; BigTIFF by Aware Systems; Exif 3.0, section 4.6.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from webapp.core.errors import NotDecodableError
from webapp.intake.containers.source import Source

BYTE, ASCII, SHORT, LONG, RATIONAL = 1, 2, 3, 4, 5
UNDEFINED = 7
EXIF_PREFIX = b"Exif\0\0"
EXIF_BYTES_MAX = 256 * 1024
"""What lies further in is left unread; the largest block of a JPEG fits four times."""
ORIENTATION = 0x0112
EXIF_POINTER = 0x8769

KIND_BYTES: Mapping[int, int] = MappingProxyType(
    {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
    | {16: 8, 17: 8, 18: 8, 129: 1}
)
"""Kind of a value → bytes of one; 129 is UTF-8, 16 to 18 are of BigTIFF."""

_UNSIGNED = MappingProxyType({1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"})
_ENTRIES_MAX = 1000
"""No camera writes a tenth; one directory may claim 65,535, and a file may have thousands."""


@dataclass(frozen=True, slots=True)
class Header:
    """How to read the directories that follow.

    Args:
        order: ``<`` or ``>``, as in ``struct``.
        big: Offsets and counts have 64 bits.
        first: Offset of the first directory.
    """

    order: str
    big: bool
    first: int

    @property
    def endian(self) -> Literal["little", "big"]:
        """The byte order, as in ``int.from_bytes``."""
        return "little" if self.order == "<" else "big"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a directory.

    Args:
        tag: What it is about.
        kind: Of its values, a key of ``KIND_BYTES``.
        count: Number of values, as claimed.
        inline: The last 4 or 8 bytes of the line: the values, or the offset they are at.
    """

    tag: int
    kind: int
    count: int
    inline: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    """The lines of one directory.

    Args:
        entries: In the order of the file; those of unknown kinds are left out.
        following: Offset of the next directory; 0 when there is none, None when cut off.
    """

    entries: tuple[Entry, ...]
    following: int | None

    def find(self, tag: int) -> Entry | None:
        """Return the first line about ``tag``, or None."""
        return next((entry for entry in self.entries if entry.tag == tag), None)


def read_header(source: Source) -> Header:
    """Return how to read this source.

    Raises:
        NotDecodableError: It does not begin like a TIFF.
    """
    head = source.some(0, 16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order and len(head) >= 8:  # noqa: PLR2004 - mark, number, offset
        magic, first = struct.unpack(order + "HI", head[2:8])
        if magic == 42:  # noqa: PLR2004 - the specification's number
            return Header(order, big=False, first=first)
        if magic == 43 and len(head) == 16:  # noqa: PLR2004 - BigTIFF's number
            return Header(order, big=True, first=struct.unpack(order + "Q", head[8:])[0])
    raise NotDecodableError(reason="no TIFF header")


def read_directory(source: Source, header: Header, offset: int) -> Directory:
    """Return the directory at ``offset``, as much of it as is there; never raises.

    Nothing is followed, so no loop of pointers can hold the reader.
    """
    count_format, entry_format = ("Q", "HHQ8s") if header.big else ("H", "HHI4s")
    count_bytes = struct.calcsize(header.order + count_format)
    entry = struct.Struct(header.order + entry_format)
    raw = source.some(offset, count_bytes)
    if len(raw) != count_bytes:
        return Directory((), None)
    count = struct.unpack(header.order + count_format, raw)[0]
    block = source.some(offset + count_bytes, min(count, _ENTRIES_MAX) * entry.size)
    whole = len(block) // entry.size * entry.size
    lines = (Entry(*fields) for fields in entry.iter_unpack(block[:whole]))
    entries = tuple(line for line in lines if line.kind in KIND_BYTES)
    return Directory(entries, _read_following(source, header, offset, count))


def _read_following(source: Source, header: Header, offset: int, count: int) -> int | None:
    width, entries = (8, offset + 8 + count * 20) if header.big else (4, offset + 2 + count * 12)
    raw = source.some(entries, width)
    if count > _ENTRIES_MAX or len(raw) != width:
        return None
    return int.from_bytes(raw, header.endian)


def find_value(source: Source, header: Header, entry: Entry, *, bytes_max: int) -> bytes | None:
    """Return the raw values of ``entry``; None when out of bounds or over ``bytes_max``."""
    length = KIND_BYTES[entry.kind] * entry.count
    if not 0 < length <= bytes_max:
        return None
    if length <= len(entry.inline):
        return entry.inline[:length]
    value = source.some(int.from_bytes(entry.inline, header.endian), length)
    return value if len(value) == length else None


def find_numbers(
    source: Source, header: Header, entry: Entry | None, *, bytes_max: int = 8
) -> tuple[int, ...]:
    """Return the unsigned numbers of ``entry``; none when it has others or too many."""
    code = _UNSIGNED.get(entry.kind) if entry else None
    if not entry or not code:
        return ()
    raw = find_value(source, header, entry, bytes_max=bytes_max)
    return struct.unpack(f"{header.order}{entry.count}{code}", raw) if raw else ()


def find_number(source: Source, header: Header, entry: Entry | None) -> int | None:
    """Return the first unsigned number of ``entry``, or None."""
    return next(iter(find_numbers(source, header, entry)), None)


def read_exif(source: Source, start: int, length: int) -> bytes:
    """Return an EXIF block, from its byte order mark on, with or without the prefix of JPEG."""
    return source.some(start, min(length, EXIF_BYTES_MAX)).removeprefix(EXIF_PREFIX)


def find_orientation(block: bytes) -> int:
    """Return the orientation, 1 to 8, that an EXIF block asks for; 0 when it does not say.

    Args:
        block: From the byte order mark on; may be cut off or garbage.
    """
    source = Source.of_bytes(block)
    try:
        header = read_header(source)
    except NotDecodableError:
        return 0
    entry = read_directory(source, header, header.first).find(ORIENTATION)
    number = find_number(source, header, entry)
    return number if number and number in range(1, 9) else 0
