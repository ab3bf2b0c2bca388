"""Write EXIF anew, from the tags that may stay.

Nothing of the old block is copied but values that a known tag points to, so what lies between
them, where editors leave the GPS they "removed", is gone. The form written is always the same:
a block that already has it comes out unchanged.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from webapp.core.errors import NotDecodableError
from webapp.intake.containers.source import Source
from webapp.intake.containers.tiff import (
    EXIF_POINTER,
    LONG,
    ORIENTATION,
    SHORT,
    Directory,
    Header,
    find_number,
    find_orientation,
    find_value,
    read_directory,
    read_header,
)
from webapp.intake.metadata.policy import MetadataPolicy
from webapp.intake.metadata.tags import INTEROP_TAGS, PHOTO_TAGS

_INTEROP_POINTER = 0xA005
_VALUE_BYTES_MAX = 256
"""A longer value is no camera's name; all tags at their longest, in both directories that may have
them, still fit a JPEG segment."""
_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Field:
    """A line of a directory to be written, its values in the block's byte order."""

    tag: int
    kind: int
    count: int
    value: bytes


def clean_exif(block: bytes, *, policy: MetadataPolicy) -> bytes:
    """Return what may stay of an EXIF block; empty when that is nothing.

    Never raises, whatever the block holds. A block that is no TIFF goes as a whole; of a
    damaged one stays what can still be read, so its orientation stays if at all possible.

    Args:
        block: From the byte order mark on.
        policy: Under ``strip-all`` only the orientation stays.
    """
    source = Source.of_bytes(block)
    try:
        header = read_header(source)
    except NotDecodableError:
        return b""
    orientation = find_orientation(block)
    turn = _orientation(header, orientation)
    if policy is MetadataPolicy.STRIP_ALL:  # upright needs no word
        return _block(header.order, turn, {}, {}) if orientation > 1 else b""
    main = read_directory(source, header, header.first)
    exif = _follow(source, header, main, EXIF_POINTER)
    interop = _follow(source, header, exif, _INTEROP_POINTER)
    fields = _pick(source, header, main, PHOTO_TAGS) | turn
    photo = _pick(source, header, exif, PHOTO_TAGS)
    compatible = _pick(source, header, interop, INTEROP_TAGS)
    if not (fields or photo or compatible):
        return b""
    return _block(header.order, fields, photo, compatible)


def _orientation(header: Header, orientation: int) -> dict[int, _Field]:
    """In the one kind that every viewer reads."""
    if not orientation:
        return {}
    value = struct.pack(header.order + "H", orientation)
    return {ORIENTATION: _Field(ORIENTATION, SHORT, 1, value)}


def _follow(source: Source, header: Header, directory: Directory, pointer: int) -> Directory:
    offset = find_number(source, header, directory.find(pointer))
    return read_directory(source, header, offset) if offset else Directory((), None)


def _pick(
    source: Source, header: Header, directory: Directory, tags: Mapping[int, frozenset[int]]
) -> dict[int, _Field]:
    """Return the lines that may stay, by tag; of several about one tag the first."""
    picked: dict[int, _Field] = {}
    for entry in directory.entries:
        if entry.tag in picked or entry.kind not in tags.get(entry.tag, ()):
            continue
        value = find_value(source, header, entry, bytes_max=_VALUE_BYTES_MAX)
        if value:
            picked[entry.tag] = _Field(entry.tag, entry.kind, entry.count, value)
    return picked


def _block(
    order: str, main: dict[int, _Field], exif: dict[int, _Field], interop: dict[int, _Field]
) -> bytes:
    """Return a TIFF of up to three directories, one after the other."""
    if interop:
        exif = exif | _pointer(order, _INTEROP_POINTER, 0)
    if exif:
        main = main | _pointer(order, EXIF_POINTER, 0)
    exif_at = _HEADER_BYTES + len(_directory(order, main, 0))
    interop_at = exif_at + len(_directory(order, exif, 0))
    if interop:
        exif = exif | _pointer(order, _INTEROP_POINTER, interop_at)
    if exif:
        main = main | _pointer(order, EXIF_POINTER, exif_at)
    mark = b"II" if order == "<" else b"MM"
    return (
        mark
        + struct.pack(order + "HI", 42, _HEADER_BYTES)
        + _directory(order, main, _HEADER_BYTES)
        + (_directory(order, exif, exif_at) if exif else b"")
        + (_directory(order, interop, interop_at) if interop else b"")
    )


def _pointer(order: str, tag: int, offset: int) -> dict[int, _Field]:
    return {tag: _Field(tag, LONG, 1, struct.pack(order + "I", offset))}


def _directory(order: str, fields: dict[int, _Field], at: int) -> bytes:
    """Return a directory that will lie at offset ``at``, its longer values behind it."""
    values_at = at + 2 + 12 * len(fields) + 4
    lines, values = [struct.pack(order + "H", len(fields))], b""
    for field in sorted(fields.values(), key=lambda field: field.tag):
        inline = field.value.ljust(4, b"\0")
        if len(inline) > 4:  # noqa: PLR2004 - the room in a line
            inline = struct.pack(order + "I", values_at + len(values))
            values += field.value + b"\0" * (len(field.value) % 2)
        lines.append(struct.pack(order + "HHI", field.tag, field.kind, field.count) + inline)
    return b"".join(lines) + bytes(4) + values
