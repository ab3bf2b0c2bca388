"""TIFF files: a chain of pages.

Source: TIFF 6.0; DNG 1.7 for the tag that tells a raw file.
"""

from collections.abc import Iterator

from webapp.core.errors import NotDecodableError, TruncatedError, UnsupportedTypeError
from webapp.intake.containers.facts import Facts, Limits, upright
from webapp.intake.containers.source import Source
from webapp.intake.containers.tiff import (
    ORIENTATION,
    Directory,
    Header,
    find_number,
    find_numbers,
    read_directory,
    read_header,
)

_WIDTH, _HEIGHT = 0x0100, 0x0101
_DNG_VERSION = 0xC612
_PLACES = ((0x0111, 0x0117), (0x0144, 0x0145))
"""Offsets and byte counts, of strips and of tiles."""
_PLACES_BYTES_MAX = 8 * 65_536
"""A strip for each of the most rows there may be."""


def inspect(source: Source, *, limits: Limits) -> Facts:
    """Return what the first page says, and how many there are; all are held to the limits.

    Raises:
        TooManyPixelsError: On any page.
        TooManyFramesError: More pages than frames allowed.
        TruncatedError: A directory, or the pixels of the first page, lie past the end.
        UnsupportedTypeError: A camera's raw file.
        NotDecodableError: No TIFF, a page without a size, or a loop.
    """
    header = read_header(source)
    sizes: list[tuple[int, int]] = []
    for page in _pages(source, header):
        if not sizes:
            _check_first(source, header, page)
        sizes.append(_page_size(source, header, page, limits))
        limits.check_frames(len(sizes))
    if not sizes:
        raise NotDecodableError(reason="no page")
    return Facts(*sizes[0], frames=len(sizes))


def _pages(source: Source, header: Header) -> Iterator[Directory]:
    offset, seen = header.first, set[int]()
    while offset:
        if offset in seen:
            raise NotDecodableError(reason="the pages run in a loop")
        seen.add(offset)
        page = read_directory(source, header, offset)
        if page.following is None:
            raise TruncatedError(bytes=source.size, missing=f"directory at {offset}")
        yield page
        offset = page.following


def _page_size(source: Source, header: Header, page: Directory, limits: Limits) -> tuple[int, int]:
    width = find_number(source, header, page.find(_WIDTH)) or 0
    height = find_number(source, header, page.find(_HEIGHT)) or 0
    limits.check_size(width, height)
    return upright(width, height, find_number(source, header, page.find(ORIENTATION)) or 0)


def _check_first(source: Source, header: Header, page: Directory) -> None:
    if page.find(_DNG_VERSION):
        raise UnsupportedTypeError(found="image/x-adobe-dng")
    for offsets_tag, lengths_tag in _PLACES:
        offsets, lengths = (
            find_numbers(source, header, page.find(tag), bytes_max=_PLACES_BYTES_MAX)
            for tag in (offsets_tag, lengths_tag)
        )
        end = max((o + n for o, n in zip(offsets, lengths, strict=False)), default=0)
        if end > source.size:
            raise TruncatedError(bytes=source.size, needed=end)
