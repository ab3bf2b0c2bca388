"""JPEG without what the policy removes: every APPn and COM that is not known to be needed."""

from collections.abc import Iterator

from webapp.intake.containers.jpeg import (
    APP0,
    APP2,
    APP14,
    CODING_MARKERS,
    SOI_BYTES,
    SOS,
    Segment,
    is_exif,
    segments,
)
from webapp.intake.containers.source import Source
from webapp.intake.containers.tiff import EXIF_PREFIX, read_exif
from webapp.intake.metadata.exif import clean_exif
from webapp.intake.metadata.pieces import Kept, Piece
from webapp.intake.metadata.policy import MetadataPolicy

_JFIF, _JFIF_BYTES = b"JFIF\0", 14
_ADOBE, _ADOBE_BYTES = b"Adobe", 12
_PROFILE = b"ICC_PROFILE\0"


def jpeg_pieces(source: Source, *, policy: MetadataPolicy) -> Iterator[Piece]:
    """Yield the JPEG up to its EOI: coding segments and scans, profile, and what EXIF may say.

    Further pictures behind EOI (previews, gain maps, the other eye, films) go, with the MPF
    segment that would point at them. The EXIF is the first before the pixels, as in decoders.

    Raises:
        ShoeboxError: As ``segments``.
    """
    yield Kept(0, SOI_BYTES)
    wants_exif = True
    for segment in segments(source):
        if is_exif(source, segment):
            if wants_exif:
                yield from _exif(source, segment, policy)
                wants_exif = False
        else:
            yield from _segment(source, segment)
        wants_exif = wants_exif and segment.marker != SOS


def _segment(source: Source, segment: Segment) -> Iterator[Piece]:
    head = source.some(segment.body, min(_JFIF_BYTES, segment.end - segment.body))
    if segment.marker in CODING_MARKERS or (segment.marker == APP2 and head.startswith(_PROFILE)):
        yield Kept(segment.start, segment.end)
    elif segment.marker == APP0 and head.startswith(_JFIF) and len(head) == _JFIF_BYTES:
        yield _with_body(source, segment, head[:-2] + b"\0\0")  # a thumbnail of 0 by 0
    elif segment.marker == APP14 and head.startswith(_ADOBE) and len(head) >= _ADOBE_BYTES:
        yield _with_body(source, segment, head[:_ADOBE_BYTES])


def _exif(source: Source, segment: Segment, policy: MetadataPolicy) -> Iterator[Piece]:
    block = read_exif(source, segment.body, segment.end - segment.body)
    cleaned = clean_exif(block, policy=policy)
    if cleaned:
        yield _with_body(source, segment, EXIF_PREFIX + cleaned)


def _with_body(source: Source, segment: Segment, body: bytes) -> Piece:
    """Return the segment with this content; itself if that is what it has."""
    if source.some(segment.body, segment.end - segment.body) == body:
        return Kept(segment.start, segment.end)
    return bytes((0xFF, segment.marker)) + (len(body) + 2).to_bytes(2) + body
