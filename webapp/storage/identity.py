"""Identity: what makes a store this shard and no other.

An unmounted disk is an empty folder and a wrong bucket answers happily. So each shard holds
a file that says who it is, and a store without it is not believed, neither in what it takes
nor in what it lacks.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from webapp.core.errors import (
    ConflictError,
    ShardFullError,
    ShardIdentityError,
    ShardUnavailableError,
)
from webapp.core.keys import IDENTITY_KEY
from webapp.core.label import Label
from webapp.core.signing import bytes_digest
from webapp.storage.base import BlobStat, BlobStore, Check, OpenBlob, Source

FORMAT = 1
FRESH_SECONDS = 5.0
LOCAL_FRESH_SECONDS = 2.0
OnFull = Callable[[str, str], None]
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a store says it is.

    Args:
        shard_name: Name of the shard.
        identity: UUID drawn by ``shard add``; also in the topology.
    """

    shard_name: str
    identity: str


def identity_read(store: BlobStore) -> Identity | None:
    """Return who a store says it is; None when it carries no identity.

    Raises:
        ShardIdentityError: It carries something that cannot be read as one.
        ShardUnavailableError: Cannot tell.
    """
    with store.open(IDENTITY_KEY) as blob:
        data = blob.read() if blob else None
    if data is None:
        return None
    try:
        document = json.loads(data)
        return Identity(document["name"], document["identity"])
    except (ValueError, KeyError, TypeError):
        raise ShardIdentityError(
            f"{IDENTITY_KEY} of {store.name!r} cannot be read as an identity.", shard=store.name
        ) from None


def identity_write(store: BlobStore, shard_name: str, identity: str) -> None:
    """Make an empty store the shard ``shard_name``.

    Raises:
        ConflictError: It is a shard already, or another process made it one meanwhile; an
            operator must choose another store.
        ShardUnavailableError: Cannot tell; look with ``identity_read`` before trying again.
    """
    _refuse(store, identity_read(store))
    data = json.dumps(
        {"format": FORMAT, "name": shard_name, "identity": identity}, indent=1
    ).encode()
    store.put(IDENTITY_KEY, data, label=Label(bytes_digest(data), "application/json"))
    # Stores do not have to know "only if absent", so of two writers the last wins; both look.
    found = identity_read(store)
    if found != Identity(shard_name, identity):
        _refuse(store, found)


def _refuse(store: BlobStore, found: Identity | None) -> None:
    if found is not None:
        broken_off = (
            f" Or remove {IDENTITY_KEY} from it, if an earlier `shard add` was broken off."
            if found.shard_name == store.name
            else ""
        )
        raise ConflictError(
            f"The store of {store.name!r} already is shard {found.shard_name!r} "
            f"({found.identity}); choose an empty one.{broken_off}",
            shard=found.shard_name,
        )


class GuardedStore:
    """A store that is believed only while it is the shard it should be.

    The identity is checked at the first use, after every ShardUnavailableError, and when the
    last check is older than ``fresh_for``. Writes and "absent" are believed only with a check
    no older than ``write_fresh_for``: zero for directories, because the check is one small
    read there (tens of microseconds beside an fsync), and a disk goes away without any call
    failing. A store on the network that goes away makes calls fail.

    Args:
        inner: The store itself.
        identity: What the topology says of the shard.
        fresh_for: Seconds a check is good for reading.
        write_fresh_for: Seconds a check is good for writing, and for believing "absent".
        clock: Seconds, never running backwards; tests bring their own.
        on_full: Called with the shard's name and its words when it has no room for a blob.
        witness: Tells, for less than reading it, which file the identity lies in: something
            that differs after any change of it, None when there is none.
    """

    def __init__(
        self,
        inner: BlobStore,
        identity: str,
        *,
        witness: Callable[[], object] = lambda: None,
        fresh_for: float = FRESH_SECONDS,
        write_fresh_for: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        on_full: OnFull | None = None,
    ) -> None:
        self.inner = inner
        self._on_full = on_full
        self.name = inner.name
        self._wanted = Identity(inner.name, identity)
        self._fresh_for = fresh_for
        self._write_fresh_for = write_fresh_for
        self._clock = clock
        self._confirmed = _NEVER
        self._witness = witness
        self._witnessed: object = None

    def put(self, key: str, source: Source, *, label: Label) -> Check:
        """Write a blob, only to the shard this is; see BlobStore.

        Raises:
            ShardIdentityError: The store is not this shard; nothing was written.
        """
        with self._believed(self._write_fresh_for):
            try:
                return self.inner.put(key, source, label=label)
            except ShardFullError as error:
                if self._on_full is not None:
                    self._on_full(self.name, error.detail)
                raise

    @contextmanager
    def open(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> Iterator[OpenBlob | None]:
        """Open a range of a blob; see BlobStore.

        Raises:
            ShardIdentityError: The store is not this shard; it says nothing about the blob.
        """
        with (
            self._believed(self._fresh_for),
            self.inner.open(key, start=start, end=end) as blob,
        ):
            if blob is None:
                self._confirm(self._write_fresh_for)
            yield blob

    def stat(self, key: str) -> BlobStat | None:
        """Return what the shard says of a blob; see BlobStore.

        Raises:
            ShardIdentityError: The store is not this shard; it says nothing about the blob.
        """
        with self._believed(self._fresh_for):
            found = self.inner.stat(key)
            if found is None:
                self._confirm(self._write_fresh_for)
            return found

    def delete(self, key: str) -> None:
        """Remove a blob, only from the shard this is; see BlobStore.

        Raises:
            ShardIdentityError: The store is not this shard; nothing was removed.
        """
        with self._believed(self._write_fresh_for):
            self.inner.delete(key)

    def keys(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield keys in order; see BlobStore. The end is believed only from this shard.

        Raises:
            ShardIdentityError: The store is not this shard, or no longer.
        """
        with self._believed(self._write_fresh_for):
            yield from self.inner.keys(prefix, after=after)
            self._confirm(self._write_fresh_for)

    @contextmanager
    def _believed(self, fresh_for: float) -> Iterator[None]:
        try:
            self._confirm(fresh_for)
            yield
        except ShardUnavailableError:
            self._confirmed = _NEVER
            self._witnessed = None
            raise

    def _confirm(self, fresh_for: float) -> None:
        now = self._clock()
        if now - self._confirmed < fresh_for:
            return
        seen = self._witness()
        if seen is not None and seen == self._witnessed:
            self._confirmed = now
            return
        found = identity_read(self.inner)
        if found != self._wanted:
            raise ShardIdentityError(_difference(self._wanted, found), shard=self.name)
        self._confirmed = now
        self._witnessed = seen  # of before it was read: a change meanwhile is found next time


def _difference(wanted: Identity, found: Identity | None) -> str:
    if found is None:
        return f"The store of shard {wanted.shard_name!r} has no {IDENTITY_KEY}: not mounted?"
    return (
        f"The store of shard {wanted.shard_name!r} ({wanted.identity}) is shard "
        f"{found.shard_name!r} ({found.identity})."
    )
