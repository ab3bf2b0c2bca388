"""The deletion journal: a signed list of images that must not be served any more.

Readers poll it as they poll the topology. It alone makes a deleted image vanish from every
cache, without a broker and without asking a shard about tombstones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from webapp.core.errors import SignatureError
from webapp.core.manifest import Revision
from webapp.core.signing import Keyring, document_open, document_sign

PURPOSE = "journal"
FORMAT = 1


@dataclass(frozen=True)
class Journal:
    """The list at one revision.

    Args:
        revision: Index epoch and a counter of publications; the highest valid one wins.
        entries: Image id → revision of its deletion (or rejection).
    """

    revision: Revision
    entries: Mapping[str, Revision]

    def __contains__(self, image_id: str) -> bool:
        """Return whether the image must not be served."""
        return image_id in self.entries


EMPTY = Journal(Revision(0, 0), MappingProxyType({}))


def journal_dump(journal: Journal, *, keyring: Keyring) -> bytes:
    """Return the signed document."""
    payload = {
        "format": FORMAT,
        "revision": list(journal.revision),
        "entries": {name: list(revision) for name, revision in journal.entries.items()},
    }
    return document_sign(payload, purpose=PURPOSE, keyring=keyring)


def journal_load(data: bytes, *, keyring: Keyring) -> Journal:
    """Return the journal of a signed document.

    Raises:
        SignatureError: Not signed by an accepted key, cut off, or of an unknown format.
    """
    payload = document_open(data, purpose=PURPOSE, keyring=keyring)
    if payload.get("format") != FORMAT:
        raise SignatureError(f"Journal format {payload.get('format')!r} is not {FORMAT}.")
    entries = {name: Revision(*revision) for name, revision in payload["entries"].items()}
    return Journal(Revision(*payload["revision"]), MappingProxyType(entries))
