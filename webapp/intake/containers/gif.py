"""GIF: blocks between the header and the trailer.

Source: GIF89a, CompuServe 1990.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webapp.core.errors import NotDecodableError
from webapp.intake.containers.facts import Facts, Limits
from webapp.intake.containers.source import Source

IMAGE, EXTENSION, TRAILER, PADDING = 0x2C, 0x21, 0x3B, 0x00

_SIGNATURES = frozenset({b"GIF87a", b"GIF89a"})
_SCREEN_AT, _SCREEN_END = 6, 13
_DESCRIPTOR_BYTES = 9
_STEPS_MAX = 1_000_000
"""64 MiB in blocks of 64 bytes; encoders fill theirs, which hold 255."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block with all its sub-blocks.

    Args:
        kind: ``IMAGE``, ``EXTENSION``, ``TRAILER``, or ``PADDING``: a zero too many.
        start: Offset of its first byte.
        body: Offset of its sub-blocks, behind label, or descriptor, colours and code size.
        end: Offset after its last byte.
    """

    kind: int
    start: int
    body: int
    end: int


def header_end(source: Source) -> int:
    """Return the offset of the first block, behind screen and global colours.

    Raises:
        NotDecodableError: Not a GIF.
        TruncatedError: No complete screen.
    """
    if source.some(0, _SCREEN_AT) not in _SIGNATURES:
        raise NotDecodableError(reason="no GIF signature")
    screen = source.exact(_SCREEN_AT, _SCREEN_END - _SCREEN_AT)
    return _SCREEN_END + _table_bytes(screen[4])


def blocks(source: Source) -> Iterator[Block]:
    """Yield the blocks, the trailer last; what follows it is not looked at.

    Raises:
        TruncatedError: The file ends before the trailer.
        NotDecodableError: Not a GIF, something that is no block, or more than any GIF has.
    """
    walk = _Walk(source, header_end(source))
    while True:
        block = walk.block()
        yield block
        if block.kind == TRAILER:
            return


def sub_blocks(source: Source, block: Block) -> Iterator[bytes]:
    """Yield the contents of a block's sub-blocks, 1 to 255 bytes each."""
    position = block.body
    while length := source.exact(position, 1)[0]:
        yield source.exact(position + 1, length)
        position += 1 + length


def inspect(source: Source, *, limits: Limits) -> Facts:
    """Return the canvas, grown to hold every frame as decoders grow it, and the frames.

    Raises:
        TooManyPixelsError: As soon as a size is seen.
        TooManyFramesError: As soon as there are too many.
        TruncatedError: No trailer.
        NotDecodableError: No frame, or something that is no block.
    """
    header_end(source)
    width, height = _shorts(source.exact(_SCREEN_AT, 4))
    if width and height:
        limits.check_size(width, height)
    count = 0
    for block in blocks(source):
        if block.kind == IMAGE:
            right, bottom = _corner(source, block)
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


def _corner(source: Source, image: Block) -> tuple[int, int]:
    """Return the right and bottom edge of a frame."""
    descriptor = source.exact(image.start + 1, _DESCRIPTOR_BYTES)
    (left, top), (width, height) = _shorts(descriptor), _shorts(descriptor[4:])
    return left + width, top + height


class _Walk:
    """One way through the blocks, in a bounded number of steps."""

    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._position = start
        self._steps = 0

    def block(self) -> Block:
        """Step over one block."""
        start, kind = self._position, self._byte()
        if kind == EXTENSION:
            self._byte()  # its label
        elif kind == IMAGE:
            descriptor = self._source.exact(self._position, _DESCRIPTOR_BYTES)
            self._position += _DESCRIPTOR_BYTES + _table_bytes(descriptor[8]) + 1
        elif kind not in {TRAILER, PADDING}:  # some encoders leave a zero too many
            raise NotDecodableError(reason=f"GIF block {kind:02x}")
        body = self._position
        if kind in {EXTENSION, IMAGE}:
            self._skip_sub_blocks()
        return Block(kind, start, body, self._position)

    def _byte(self) -> int:
        self._steps += 1
        if self._steps > _STEPS_MAX:
            raise NotDecodableError(reason=f"more than {_STEPS_MAX} GIF blocks")
        self._position += 1
        return self._source.exact(self._position - 1, 1)[0]

    def _skip_sub_blocks(self) -> None:
        while length := self._byte():
            self._position += length
