"""BMP: two headers, then rows.

Source: Windows GDI, BITMAPFILEHEADER and BITMAPINFOHEADER to BITMAPV5HEADER.
"""

import struct

from webapp.core.errors import NotDecodableError, TruncatedError
from webapp.intake.containers.facts import Facts, Limits
from webapp.intake.containers.source import Source

_CORE_HEADER_BYTES = 12
_PLAIN = frozenset({0, 3, 6})
"""Compressions that are none: RGB, and RGB with masks."""
_RUN_LENGTH = frozenset({1, 2})
_BITS = frozenset({1, 2, 4, 8, 16, 24, 32})


def inspect(source: Source, *, limits: Limits) -> Facts:
    """Return what the information header says.

    Raises:
        TooManyPixelsError: More than allowed.
        TruncatedError: The rows end past the file.
        NotDecodableError: A depth or compression that decoders do not know.
    """
    file_bytes, rows, header_bytes = struct.unpack("<I4xII", source.exact(2, 16))
    width, height, bits, compression = _header(source, header_bytes)
    limits.check_size(width, height)
    if bits not in _BITS or compression not in _PLAIN | _RUN_LENGTH:
        raise NotDecodableError(reason=f"BMP of {bits} bits, compression {compression}")
    row_bytes = (width * bits + 31) // 32 * 4
    # The length of run-length rows is known to the file header alone.
    end = rows + row_bytes * height if compression in _PLAIN else file_bytes
    if end > source.size:
        raise TruncatedError(bytes=source.size, needed=end)
    return Facts(width, height)


def _header(source: Source, header_bytes: int) -> tuple[int, int, int, int]:
    """Return width, height, bits per pixel and compression."""
    if header_bytes == _CORE_HEADER_BYTES:
        width, height, _, bits = struct.unpack("<4H", source.exact(18, 8))
        return width, height, bits, 0
    width, height, _, bits, compression = struct.unpack("<iiHHI", source.exact(18, 16))
    return width, abs(height), bits, compression  # negative: the first row is the upper one
