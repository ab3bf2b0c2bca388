"""Labels: what every blob says of itself, in S3 user metadata or an extended attribute.

Values are URL-safe ASCII and small enough for any store (S3 allows 2 KB in all). The
original's label also holds what a rebuild of the index needs, so an image is in the index
again from the moment its upload was acknowledged, even without a manifest.
"""

import base64
import json
import string
from collections.abc import Mapping
from dataclasses import dataclass, fields

MAX_LABEL_BYTES = 1500
_TRIMMED = ("title", "album", "filename")
_TRIM_STEP = 16
_TYPE_CHARACTERS = frozenset(string.ascii_lowercase + string.digits + "/+-.")


@dataclass(frozen=True, slots=True)
class About:
    """What the index knows of an image at its upload. Long texts may be cut in a label.

    Args:
        owner_id: UUID of the owner.
        owner_name: User name of the owner.
        pool: Pool the image was placed in.
        source_digest: Digest of the bytes as they were sent.
        width: Pixels, upright.
        height: Pixels, upright.
        frames: At least 1.
        filename: As the client named it, cleaned.
        title: Empty when none was given.
        album: Empty when none was given.
        created_at: ISO 8601, UTC.
    """

    owner_id: str
    owner_name: str
    pool: str
    source_digest: str
    width: int
    height: int
    frames: int
    filename: str
    title: str
    album: str
    created_at: str


_ABOUT_NAMES = tuple(field.name for field in fields(About))


@dataclass(frozen=True, slots=True)
class Label:
    """What a blob says of itself.

    Args:
        digest: ``sha256:`` and 64 hexadecimal digits, of the blob's bytes.
        content_type: What the blob is.
        about: Only on ``original`` and ``private``.
    """

    digest: str
    content_type: str
    about: About | None = None


def label_dump(label: Label) -> dict[str, str]:
    """Return the label as metadata: names and URL-safe ASCII values, 1,500 bytes at most.

    A title, album or filename too long for that is cut; the manifest has them whole.
    """
    items = {"digest": label.digest, "type": label.content_type}
    if label.about is None:
        return items
    values = {name: getattr(label.about, name) for name in _ABOUT_NAMES}
    room = MAX_LABEL_BYTES - sum(len(name) + len(value) for name, value in items.items()) - 5
    encoded = _about_encode(values)
    while len(encoded) > room and _trim(values):
        encoded = _about_encode(values)
    return {**items, "about": encoded}


def label_load(items: Mapping[str, str]) -> Label | None:
    """Return the label of a blob, None when it has none or a damaged one."""
    digest, content_type = items.get("digest", ""), items.get("type", "")
    if not digest_valid(digest) or not content_type or not set(content_type) <= _TYPE_CHARACTERS:
        return None
    encoded = items.get("about")
    if encoded is None:
        return Label(digest, content_type)
    about = _about_decode(encoded)
    return Label(digest, content_type, about) if about else None


def digest_valid(text: str) -> bool:
    """Return whether ``text`` is written as a digest."""
    name, _, digits = text.partition(":")
    return name == "sha256" and len(digits) == 64 and not set(digits) - set("0123456789abcdef")  # noqa: PLR2004 - sha256


def _trim(values: dict[str, object]) -> bool:
    for name in _TRIMMED:
        text = str(values[name])
        if text:
            values[name] = text[:-_TRIM_STEP]
            return True
    return False


def _about_encode(values: Mapping[str, object]) -> str:
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _about_decode(encoded: str) -> About | None:
    try:
        data = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        return About(**json.loads(data))
    except (ValueError, TypeError):
        return None
