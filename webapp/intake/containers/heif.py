"""HEIC and AVIF: boxes of the ISO base media file format.

Source: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12 (HEIF), AV1 Image File Format 1.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webapp.core.errors import NotDecodableError, TruncatedError
from webapp.intake.containers.facts import Facts, Limits
from webapp.intake.containers.source import Source

_BOXES_MAX = 5_000
_PROPERTIES_BYTES_MAX = 1024 * 1024
"""A picture of a thousand tiles needs a hundredth."""
_TRACKS_MAX = 16
_SEQUENCE_BRANDS = frozenset({b"avis", b"hevc", b"hevx", b"msf1"})


@dataclass(frozen=True, slots=True)
class Box:
    """One box.

    Args:
        kind: Its four letters.
        body: Offset of its content.
        end: Offset after it.
    """

    kind: bytes
    body: int
    end: int


def inspect(source: Source, *, limits: Limits) -> Facts:
    """Return the size of the primary picture, or of a sequence, and the number of its samples.

    Cropping and rotation are applied. EXIF inside has no say: the boxes repeat it.

    Raises:
        TooManyPixelsError: As soon as a size is seen.
        TooManyFramesError: More samples in a track than allowed.
        TruncatedError: A box is longer than the file.
        NotDecodableError: No picture with a size.
    """
    top = {box.kind: box for box in boxes(source, 0, source.size)}
    still = _inspect_still(source, top[b"meta"], limits) if b"meta" in top else None
    sequence = _inspect_sequence(source, top[b"moov"], limits) if b"moov" in top else None
    is_sequence = source.some(8, 4) in _SEQUENCE_BRANDS
    facts = (sequence or still) if is_sequence else (still or sequence)
    if not facts:
        raise NotDecodableError(reason="no picture with a size in the HEIF")
    return Facts(facts.width, facts.height, frames=sequence.frames if sequence else 1)


def boxes(source: Source, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between ``start`` and ``end``.

    Raises:
        TruncatedError: A box runs over ``end``.
        NotDecodableError: A box shorter than its header, or more boxes than any file has.
    """
    for _ in range(_BOXES_MAX):
        if start >= end:
            return
        box = _box(source, start, end)
        yield box
        start = box.end
    raise NotDecodableError(reason=f"more than {_BOXES_MAX} boxes")


def _box(source: Source, start: int, end: int) -> Box:
    head = source.exact(start, 8)
    size, body = int.from_bytes(head[:4]), start + 8
    if size == 1:
        size, body = int.from_bytes(source.exact(body, 8)), body + 8
    elif size == 0:  # to the end
        size = end - start
    if start + size < body:
        raise NotDecodableError(reason=f"box {head[4:]!r} of {size} bytes")
    if start + size > end:
        raise TruncatedError(bytes=source.size, needed=start + size)
    return Box(head[4:], body, start + size)


def _find(source: Source, box: Box, *path: bytes) -> Box | None:
    """Return the first box along ``path`` inside ``box``, or None."""
    found: Box | None = box
    for kind in path:
        inside = boxes(source, found.body, found.end) if found else ()
        found = next((child for child in inside if child.kind == kind), None)
    return found


# Still pictures


def _inspect_still(source: Source, meta: Box, limits: Limits) -> Facts | None:
    content = Box(meta.kind, meta.body + 4, meta.end)  # after version and flags
    primary, properties = _primary_item(source, content), _find(source, content, b"iprp")
    container = _find(source, properties, b"ipco") if properties else None
    if primary is None or not properties or not container:
        return None
    if properties.end - properties.body > _PROPERTIES_BYTES_MAX:
        raise NotDecodableError(reason=f"properties over {_PROPERTIES_BYTES_MAX} bytes")
    known = list(boxes(source, container.body, container.end))
    wanted = [
        known[index - 1]
        for box in boxes(source, properties.body, properties.end)
        if box.kind == b"ipma"
        for index in _associations(source, box, primary)
        if 0 < index <= len(known)
    ]
    return _apply(source, wanted, limits)


def _primary_item(source: Source, content: Box) -> int | None:
    box = _find(source, content, b"pitm")
    if not box:
        return None
    width = 4 if source.exact(box.body, 4)[0] else 2
    return int.from_bytes(source.exact(box.body + 4, width))


def _associations(source: Source, box: Box, item: int) -> list[int]:
    """Return the numbers of the properties of ``item``, counted from 1."""
    head = source.exact(box.body, 8)
    id_bytes = 4 if head[0] else 2
    index_bytes = 2 if head[3] & 1 else 1
    mask = (1 << 8 * index_bytes - 1) - 1  # the highest bit says "essential"
    position = box.body + 8
    while position < box.end:  # the claimed number of entries is not believed
        entry = source.exact(position, id_bytes + 1)
        position += id_bytes + 1
        raw = source.exact(position, entry[-1] * index_bytes)
        if int.from_bytes(entry[:-1]) == item:
            steps = range(0, len(raw), index_bytes)
            return [int.from_bytes(raw[at : at + index_bytes]) & mask for at in steps]
        position += len(raw)
    return []


def _apply(source: Source, properties: list[Box], limits: Limits) -> Facts | None:
    """Return the size after all transformations, which apply in the order of the list."""
    size: tuple[int, int] | None = None
    for box in properties:
        if box.kind == b"ispe":
            size = _longs(source.exact(box.body + 4, 8))
            limits.check_size(*size)
        elif size and box.kind == b"clap":
            size = _crop(source.exact(box.body, 16), size)
            limits.check_size(*size)
        elif size and box.kind == b"irot" and source.exact(box.body, 1)[0] & 1:
            size = size[::-1]
    return Facts(*size) if size else None


def _longs(raw: bytes) -> tuple[int, int]:
    return int.from_bytes(raw[:4]), int.from_bytes(raw[4:8])


def _crop(aperture: bytes, size: tuple[int, int]) -> tuple[int, int]:
    """Encoders pad to whole blocks and say with a clean aperture what to show of it."""
    (width, width_parts), (height, height_parts) = _longs(aperture), _longs(aperture[8:])
    if not width_parts or not height_parts:
        raise NotDecodableError(reason="a clean aperture divided by zero")
    return min(size[0], width // width_parts), min(size[1], height // height_parts)


# Sequences


def _inspect_sequence(source: Source, movie: Box, limits: Limits) -> Facts | None:
    """Return size and samples of the longest track of pictures."""
    tracks = [box for box in boxes(source, movie.body, movie.end) if box.kind == b"trak"]
    if len(tracks) > _TRACKS_MAX:
        raise NotDecodableError(reason=f"{len(tracks)} tracks, {_TRACKS_MAX} at most")
    found = [facts for track in tracks if (facts := _inspect_track(source, track, limits))]
    return max(found, key=lambda facts: facts.frames, default=None)


def _inspect_track(source: Source, track: Box, limits: Limits) -> Facts | None:
    handler = _find(source, track, b"mdia", b"hdlr")
    table = _find(source, track, b"mdia", b"minf", b"stbl")
    if not handler or not table or source.some(handler.body + 8, 4) not in {b"pict", b"vide"}:
        return None
    description, sizes = _find(source, table, b"stsd"), _find(source, table, b"stsz")
    if not description or not sizes:
        return None
    frames = int.from_bytes(source.exact(sizes.body + 8, 4))
    limits.check_frames(frames)
    raw = source.exact(description.body + 8 + 32, 4)  # in the first entry, after its head
    width, height = int.from_bytes(raw[:2]), int.from_bytes(raw[2:])
    limits.check_size(width, height)
    return Facts(width, height, frames=max(1, frames))
