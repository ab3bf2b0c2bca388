"""What a blob key may look like on every shard, checked before any store sees it."""

import re

from webapp.core.errors import HostileKeyError

MAX_KEY_BYTES = 900
MAX_SEGMENT_BYTES = 200
TEMPORARY_PREFIX = "_shoebox/tmp/"
PROBE_PREFIX = "_shoebox/probe/"

# The unreserved characters of RFC 3986, section 2.3: no URL, listing or signature has to
# escape them, and every other character is free for files that are not blobs.
_SEGMENT = re.compile(rf"[0-9A-Za-z._~-]{{1,{MAX_SEGMENT_BYTES}}}")


def key_check(key: str) -> tuple[str, ...]:
    """Return the segments of a key.

    Raises:
        HostileKeyError: The key is empty, absolute, too long, has an empty, ``.`` or ``..``
            segment or a character no key needs, or lies where unfinished files do.
    """
    segments = tuple(key.split("/"))
    if len(key) > MAX_KEY_BYTES or not all(segment_valid(segment) for segment in segments):
        raise HostileKeyError(key=repr(key[:100]))
    if key.startswith(TEMPORARY_PREFIX):
        raise HostileKeyError(f"{key[:100]!r} lies where unfinished files do.", key=key[:100])
    return segments


def key_valid(key: str) -> bool:
    """Return whether ``key`` can be the key of a blob."""
    try:
        key_check(key)
    except HostileKeyError:
        return False
    return True


def segment_valid(segment: str) -> bool:
    """Return whether ``segment`` can stand between two slashes of a key."""
    return segment not in {".", ".."} and _SEGMENT.fullmatch(segment) is not None
