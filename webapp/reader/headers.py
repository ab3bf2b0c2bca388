"""Headers of blobs: section 6 of the design, steps 7 and 8, from values alone."""

from typing import Final, NamedTuple

from webapp.reader.answers import NO_STORE, SAFE, Headers
from webapp.reader.blobs import Blob, HeldBlob, extension_of
from webapp.reader.disposition import attachment, inline
from webapp.reader.etags import date_format
from webapp.reader.names import Name, What
from webapp.reader.terms import Terms

PRIVATE_SECONDS: Final = 86_400
PUBLIC: Final = "public, max-age=31536000, s-maxage=86400, immutable"
_PUBLIC: Final = (b"cache-control", PUBLIC.encode())
_SHARD: Final = (b"x-cache", b"shard")
_RANGES: Final = (b"accept-ranges", b"bytes")
PENDING: Final = (b"x-shoebox-pending", b"1")


class Picked(NamedTuple):
    """The blob that answers a request.

    Args:
        blob: What is sent.
        etag: Of the answer; empty for pending ones.
        cache: ``memory`` or ``shard``.
        ranges: Whether parts of it may be asked for.
        pending: Whether it stands in for one that is not made yet.
    """

    blob: Blob
    etag: str
    cache: str
    ranges: bool = False
    pending: bool = False


def cache_control(name: Name, terms: Terms, *, now: float) -> str:
    """Return who may keep the answer, and for how long.

    The clock of a signed link bounds how long it is kept, so a copy never outlives it.
    """
    if terms.exp is not None:
        return f"private, max-age={min(max(terms.exp - int(now), 0), PRIVATE_SECONDS)}"
    if name.what is What.NEGOTIATED:
        return f"private, max-age={PRIVATE_SECONDS}"
    return PUBLIC


def not_modified_headers(name: Name, terms: Terms, etag: str, *, now: float) -> Headers:
    """Return the headers of a 304: those of the 200 that a cache has to update.

    Source: RFC 9110 section 15.4.5.
    """
    return [
        (b"etag", etag.encode()),
        (b"cache-control", cache_control(name, terms, now=now).encode()),
        *_vary(name),
        *SAFE,
    ]


def blob_headers(
    name: Name, terms: Terms, picked: Picked, *, length: int, now: float, seconds: float
) -> Headers:
    """Return the headers of a 200 or 206.

    Args:
        name: What was asked for.
        terms: How.
        picked: What is sent.
        length: Bytes of the body.
        now: Seconds since 1970.
        seconds: How long it took to get the blob; shown for reads from shards.
    """
    blob = picked.blob
    memory = picked.cache == "memory"
    timing = "memory" if memory else f"{picked.cache};dur={seconds * 1000:.1f}"
    headers = [
        (b"content-type", blob.content_type.encode()),
        (b"content-length", b"%d" % length),
        *_validity(name, terms, picked, now),
        (b"content-disposition", _disposition(name, terms, blob).encode()),
        (b"x-cache", picked.cache.encode()),
        (b"server-timing", timing.encode()),
        *SAFE,
    ]
    if picked.ranges:
        headers.append(_RANGES)
    return headers if name.what is not What.NEGOTIATED else [*headers, *_vary(name)]


def at_hand_headers(name: Name, blob: HeldBlob, *, seconds: float) -> Headers:
    """Return what ``blob_headers`` does for a plain request for a public blob of a shard.

    At half its cost, for misses that cost little else.
    """
    headers = [
        (b"content-type", blob.content_type.encode()),
        (b"content-length", b"%d" % len(blob.body)),
        (b"etag", name.etag.encode()),
        (b"last-modified", date_format(int(blob.modified)).encode()),
        _PUBLIC,
        (b"content-disposition", inline(name.id, extension_of(blob.content_type)).encode()),
        _SHARD,
        (b"server-timing", b"shard;dur=%.1f" % (seconds * 1000)),
        *SAFE,
    ]
    if name.what is What.ORIGINAL:
        headers.append(_RANGES)
    return headers


def is_public(name: Name) -> bool:
    """Return whether everybody gets the same answer for this name."""
    # Not ``in``: the hash of a member of an enumeration is computed in Python.
    return not name.signed and (name.what is What.ORIGINAL or name.what is What.RENDITION)


def _validity(name: Name, terms: Terms, picked: Picked, now: float) -> Headers:
    if picked.pending:
        return [NO_STORE, PENDING]
    return [
        (b"etag", picked.etag.encode()),
        (b"last-modified", date_format(int(picked.blob.modified)).encode()),
        (b"cache-control", cache_control(name, terms, now=now).encode()),
    ]


def _disposition(name: Name, terms: Terms, blob: Blob) -> str:
    extension = extension_of(blob.content_type)
    if terms.download is None:
        return inline(name.id, extension)
    return attachment(terms.download, stem=name.id, extension=extension)


def _vary(name: Name) -> Headers:
    return [(b"vary", b"accept")] if name.what is What.NEGOTIATED else []
