"""GIF: blocks between the header and the trailer.

Source: GIF89a, CompuServe 1990.
"""

from collections.abc import Iterator

from webapp.core.errors import NotDecodableError
from webapp.uploads.containers.facts import Facts, Limits
from webapp.uploads.containers.source import Source

_IMAGE, _EXTENSION, _TRAILER, _PADDING = 0x2C, 0x21, 0x3B, 0x00
_STEPS_MAX = 1_000_000
"""64 MiB in blocks of 64 bytes; encoders fill theirs, which hold 255."""


def inspect(source: Source, *, limits: Limits) -> Facts:
    """Return the canvas, grown to hold every frame as decoders grow it, and the frames.

    Raises:
        TooManyPixelsError: As soon as a size is seen.
        TooManyFramesError: As soon as there are too many.
        TruncatedError: No trailer.
        NotDecodableError: No frame, or something that is no block.
    """
    if source.some(0, 6) not in {b"GIF87a", b"GIF89a"}:
        raise NotDecodableError(reason="no GIF signature")
    width, height = _shorts(source.exact(6, 4))
    if width and height:
        limits.check_size(width, height)
    count = 0
    for right, bottom in _Walk(source).frames():
        width, height, count = max(width, right), max(height, bottom), count + 1
        limits.check_size(width, height)
        limits.check_frames(count)
    if not count:
        raise NotDecodableError(reason="no frame in the GIF")
    return Facts(width, height, frames=count)


def _shorts(raw: bytes) -> tuple[int, int]:
    return int.from_bytes(raw[:2], "little"), int.from_bytes(raw[2:4], "little")


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


class _Walk:
    """One way through the blocks, in a bounded number of steps."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._steps = 0
        self._position = 13 + _table_bytes(source.exact(6, 7)[4])

    def frames(self) -> Iterator[tuple[int, int]]:
        """Yield the right and bottom edge of each frame, until the trailer."""
        while (kind := self._byte()) != _TRAILER:
            if kind == _IMAGE:
                yield self._frame()
            elif kind == _EXTENSION:
                self._byte()  # its label
                self._skip_blocks()
            elif kind != _PADDING:  # some encoders leave a zero too many
                raise NotDecodableError(reason=f"GIF block {kind:02x}")

    def _byte(self) -> int:
        self._steps += 1
        if self._steps > _STEPS_MAX:
            raise NotDecodableError(reason=f"more than {_STEPS_MAX} GIF blocks")
        self._position += 1
        return self._source.exact(self._position - 1, 1)[0]

    def _frame(self) -> tuple[int, int]:
        """Step over descriptor, colours, code size and pixels."""
        descriptor = self._source.exact(self._position, 9)
        (left, top), (width, height) = _shorts(descriptor), _shorts(descriptor[4:])
        self._position += 9 + _table_bytes(descriptor[8]) + 1
        self._skip_blocks()
        return left + width, top + height

    def _skip_blocks(self) -> None:
        while length := self._byte():
            self._position += length
