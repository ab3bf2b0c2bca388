"""Ranges: which bytes of a blob a request asks for.

Source: RFC 9110 section 14.1.2 (byte ranges) and 14.2 (Range).
"""

import re
from dataclasses import dataclass
from typing import Final

_SINGLE: Final = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.IGNORECASE | re.ASCII)
_MAX_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes ``start`` up to, not including, ``end`` of a blob of ``size`` bytes."""

    start: int
    end: int
    size: int

    @property
    def content_range(self) -> str:
        """The value of Content-Range."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


class UnsatisfiableError(Exception):
    """The range starts after the last byte; the answer is 416."""


def range_parse(text: str, *, size: int) -> ByteRange | None:
    """Return the one range asked for; None when the header is to be ignored.

    Ignored are other units, what is malformed, and lists of ranges: a server may always
    send the whole, and lists are how one request asks for a thousand.

    Args:
        text: Value of Range.
        size: Bytes of the blob.

    Raises:
        UnsatisfiableError: Well-formed, and outside the blob.
    """
    match = _SINGLE.fullmatch(text)
    if match is None or max(map(len, match.groups())) > _MAX_DIGITS:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise UnsatisfiableError
    return ByteRange(start, min(int(last) + 1, size) if last else size, size)


def _suffix(length: str, size: int) -> ByteRange | None:
    if not length:
        return None
    if int(length) == 0 or size == 0:
        raise UnsatisfiableError
    return ByteRange(max(size - int(length), 0), size, size)
