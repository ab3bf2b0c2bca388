"""Followers: the newest valid copy of a signed document, whoever offers it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar

import structlog

from webapp.core import journal, topology
from webapp.core.errors import SignatureError, TopologyConflictError
from webapp.core.journal import Journal, journal_load
from webapp.core.keys import JOURNAL_KEY, TOPOLOGY_KEY
from webapp.core.signing import Keyring, bytes_digest
from webapp.core.topology import Topology, topology_check, topology_load

T = TypeVar("T")
_NEVER: Final = float("-inf")
log = structlog.get_logger("webapp.reader")


class Offer(Enum):
    """What became of a copy somebody offered."""

    NEWER = "newer"
    SAME = "same"
    OLDER = "older"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class DocumentKind(Generic[T]):
    """One kind of signed document.

    Args:
        name: In logs and metrics.
        key: Where it lies on shards.
        empty: What is known before the first copy.
        load: Opens a copy; raises SignatureError.
        check: Raises TopologyConflictError when the new one may not follow the known one.
    """

    name: str
    key: str
    empty: T
    load: Callable[[bytes], T]
    check: Callable[[T, T], None]


def topology_kind(keyring: Keyring) -> DocumentKind[Topology]:
    """Return how the topology is read."""
    return DocumentKind(
        "topology",
        TOPOLOGY_KEY,
        topology.EMPTY,
        lambda data: topology_load(data, keyring=keyring),
        lambda known, new: topology_check(known=known, new=new),
    )


def journal_kind(keyring: Keyring) -> DocumentKind[Journal]:
    """Return how the deletion journal is read."""
    return DocumentKind(
        "journal",
        JOURNAL_KEY,
        journal.EMPTY,
        lambda data: journal_load(data, keyring=keyring),
        lambda _known, _new: None,
    )


class Follower(Generic[T]):
    """The highest valid revision of one document seen so far. Never goes back.

    Args:
        kind: The document.
        accepted: Called with every newer copy, after ``value`` is it.
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(
        self,
        kind: DocumentKind[T],
        *,
        accepted: Callable[[T], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind = kind
        self.value = kind.empty
        self.data: bytes | None = None
        """The accepted copy as it was signed; None before the first."""
        self._accepted = accepted
        self._clock = clock
        self._confirmed = _NEVER
        self._digest = ""
        self._complaints: dict[str, str] = {}

    @property
    def age(self) -> float:
        """Seconds since a shard last had this very revision; infinite before the first."""
        return self._clock() - self._confirmed

    def knows(self, digest: str) -> bool:
        """Return whether a copy with this digest is the accepted one."""
        return digest == self._digest

    def confirm(self) -> None:
        """Note that a shard has what is known here.

        Only shards confirm: the local file may be nothing but this process's own copy.
        """
        self._confirmed = self._clock()

    def offer(self, data: bytes, *, source: str) -> Offer:
        """Take a copy over when it is valid and newer.

        Args:
            data: The signed document.
            source: Who has it, for the log.
        """
        if data == self.data:
            return Offer.SAME
        try:
            value = self.kind.load(data)
            return self._take(value, data, source)
        except (SignatureError, TopologyConflictError) as error:
            self._complain(source, error.detail)
            return Offer.REFUSED
        except (LookupError, TypeError, ValueError, AttributeError):
            # Signed by us and yet not understood: a newer format, or our own mistake.
            self._complain(source, "not understood")
            return Offer.REFUSED

    def _take(self, value: T, data: bytes, source: str) -> Offer:
        known, new = _revision(self.value), _revision(value)
        if self.data is not None and new == known and value != self.value:
            raise TopologyConflictError(f"Two different documents are revision {new}.")
        if new < known:
            return Offer.OLDER
        if new == known and self.data is not None:
            return Offer.SAME
        self.kind.check(self.value, value)
        self.value, self.data, self._digest = value, data, bytes_digest(data)
        self._complaints.clear()
        log.info("document accepted", document=self.kind.name, revision=new, source=source)
        self._accepted(value)
        return Offer.NEWER

    def _complain(self, source: str, detail: str) -> None:
        """Log a refusal once per source and reason, not every two seconds."""
        if self._complaints.get(source) != detail:
            self._complaints[source] = detail
            log.warning("document refused", document=self.kind.name, source=source, detail=detail)


def _revision(value: Any) -> Any:
    return value.revision
