"""Quarantine: bad copies are kept aside on their own shard, for whoever wants to know why."""

import hashlib
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from webapp.core.keys import QUARANTINE_PREFIX
from webapp.core.label import Label
from webapp.storage.base import BlobStore

CONTENT_TYPE = "application/octet-stream"
DIGEST_CHARACTERS = 16


def quarantine_key(key: str, digest: str, moment: datetime) -> str:
    """Return where a bad copy goes: the key it had, what was found there, and when.

    Args:
        key: Where it lay.
        digest: Of the bytes found, with its algorithm.
        moment: When it was found.
    """
    found = digest.partition(":")[2][:DIGEST_CHARACTERS]
    return f"{QUARANTINE_PREFIX}{key}/{found}-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True, slots=True)
class QuarantinedCopy:
    """What the key of a quarantined copy says.

    Args:
        image_id: Whose blob it was.
        moment: When it was found.
    """

    image_id: str
    moment: datetime


def quarantine_parse(key: str) -> QuarantinedCopy | None:
    """Return what the key of a quarantined copy says; None when it is none's."""
    parts = key.removeprefix(QUARANTINE_PREFIX).split("/")
    try:
        _, image_id, _, found = parts
        moment = datetime.fromisoformat(found.partition("-")[2])
    except ValueError:
        return None
    return QuarantinedCopy(image_id, moment) if moment.tzinfo else None


def quarantine_copy(store: BlobStore, key: str, *, folder: Path | None = None) -> str | None:
    """Copy what lies under a key into the quarantine of its shard; None when nothing does.

    The blob itself stays: whoever calls writes a good copy over it, or removes it, and may
    be killed in between. The same bytes found again are kept again.

    Args:
        store: The shard.
        key: The bad blob.
        folder: Where its bytes lie meanwhile; None for the system's.

    Raises:
        ShardUnavailableError: It cannot be read or kept now; the blob stays as it is.
    """
    digest = hashlib.sha256()
    with tempfile.TemporaryFile(dir=folder) as file:
        with store.open(key) as blob:
            if blob is None:
                return None
            for chunk in blob.chunks:
                digest.update(chunk)
                file.write(chunk)
        file.flush()
        found = f"sha256:{digest.hexdigest()}"
        aside = quarantine_key(key, found, datetime.now(UTC))
        store.put(aside, Path(f"/proc/self/fd/{file.fileno()}"), label=Label(found, CONTENT_TYPE))
    return aside
