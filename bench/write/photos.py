"""Photos to upload: as large as asked for, decodable, and no two alike."""

import io
import random
import secrets
from dataclasses import dataclass
from functools import cache

from PIL import Image

_TABLE = b"\xff\xdb\x00\x43\x03"
"""A table of 64 numbers above zero that no component of the picture uses."""
_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Photo:
    """A JPEG that is new each time it is asked for.

    Args:
        before: Its first bytes.
        after: The rest; a table of random numbers goes between.
    """

    before: bytes
    after: bytes

    @property
    def size(self) -> int:
        return len(self.before) + len(_TABLE) + 64 + len(self.after)

    def new(self) -> bytes:
        numbers = secrets.token_bytes(64).replace(b"\0", b"\1")
        return b"".join((self.before, _TABLE, numbers, self.after))


@cache
def photo(size: int) -> Photo:
    """Return a photo of about ``size`` bytes; noise, 4:3."""
    width = 640
    for _ in range(3):  # bytes go with the square of the width, nearly
        data = _jpeg(width)
        width = int(width * (size / len(data)) ** 0.5)
    return Photo(data[:2], data[2:])


def _jpeg(width: int) -> bytes:
    height = width * 3 // 4
    pixels = random.Random(width).randbytes(width * height * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", (width, height), pixels).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
