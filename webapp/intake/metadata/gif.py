"""GIF without what the policy removes: every extension that is not known to be needed."""

from collections.abc import Iterator

from webapp.intake.containers.gif import (
    EXTENSION,
    PADDING,
    Block,
    blocks,
    header_end,
    sub_blocks,
)
from webapp.intake.containers.source import Source
from webapp.intake.metadata.pieces import Kept, Piece
from webapp.intake.metadata.policy import MetadataPolicy

_CONTROL, _APPLICATION = 0xF9, 0xFF
_CONTROL_BYTES = 4
_LOOPS = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0"})
_LOOP_KIND, _LOOP_BYTES = 1, 3
_PROFILE = b"ICCRGBG1012"


def gif_pieces(
    source: Source,
    *,
    policy: MetadataPolicy,  # noqa: ARG001 - nothing that may stay tells more than the pixels do
) -> Iterator[Piece]:
    """Yield the GIF up to its trailer: colours, frames, their timing, loops, and the profile.

    Comments, XMP and what else applications leave go, and so do plain texts: the standard
    would have them drawn, viewers step over them, and anything may be written there.

    Raises:
        ShoeboxError: As ``blocks``.
    """
    yield Kept(0, header_end(source))
    for block in blocks(source):
        if block.kind == EXTENSION:
            yield from _extension(source, block)
        elif block.kind != PADDING:
            yield Kept(block.start, block.end)


def _extension(source: Source, block: Block) -> Iterator[Piece]:
    label = source.exact(block.start + 1, 1)[0]
    first = next(sub_blocks(source, block), b"")
    if label == _CONTROL and len(first) >= _CONTROL_BYTES:
        yield _with_body(source, block, [first[:_CONTROL_BYTES]])
    elif label == _APPLICATION and first in _LOOPS:
        yield from _loop(source, block, first)
    elif label == _APPLICATION and first == _PROFILE:
        yield Kept(block.start, block.end)


def _loop(source: Source, block: Block, name: bytes) -> Iterator[Piece]:
    """The first sub-block that tells how often stays; one about buffering, or none, does not."""
    for content in sub_blocks(source, block):
        if content[0] == _LOOP_KIND and len(content) >= _LOOP_BYTES:
            yield _with_body(source, block, [name, content[:_LOOP_BYTES]])
            return


def _with_body(source: Source, block: Block, contents: list[bytes]) -> Piece:
    """Return the extension with these sub-blocks; itself if those are what it has."""
    body = b"".join(bytes((len(content),)) + content for content in contents) + b"\0"
    is_same = block.end - block.body == len(body) and source.some(block.body, len(body)) == body
    return Kept(block.start, block.end) if is_same else source.exact(block.start, 2) + body
