"""Fleet: the stores of all shards a process talks to, built once and guarded."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from webapp.core.errors import ConfigurationError
from webapp.core.keys import IDENTITY_KEY
from webapp.core.shards import ShardEntry, ShardSpec
from webapp.core.topology import Topology
from webapp.storage.address import MemoryAddress, S3Address, address_parse
from webapp.storage.base import BlobStore
from webapp.storage.breaker import Breakers
from webapp.storage.directory import DirectoryStore
from webapp.storage.identity import (
    FRESH_SECONDS,
    LOCAL_FRESH_SECONDS,
    GuardedStore,
    OnFull,
)
from webapp.storage.memory import memory_store
from webapp.storage.unreachable import UnreachableStore

Credentials = Mapping[str, tuple[str, str]]
"""Shard name → access key id, secret access key."""

POOL_CONNECTIONS: Final = 32


class Fleet:
    """Guarded stores by shard. Safe between threads; connections are made after a fork.

    Args:
        credentials: Of the S3 shards.
        pool_connections: At most so many connections to one S3 shard are kept open; no
            fewer than the threads that use it.
        on_full: Called with a shard's name and its words when it has no room for a blob.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        pool_connections: int = POOL_CONNECTIONS,
        on_full: OnFull | None = None,
    ) -> None:
        self._on_full = on_full
        self.breakers = Breakers()
        self._credentials = credentials
        self._pool_connections = pool_connections
        self._stores: dict[str, tuple[ShardEntry, BlobStore]] = {}
        self._lock = threading.Lock()

    def store(self, entry: ShardEntry) -> BlobStore:
        """Return the guarded store of a shard; the same one until its entry changes.

        No call is made: a shard that does not answer shows when it is used.

        Raises:
            ConfigurationError: An unknown scheme or option, or no credentials.
        """
        with self._lock:
            known = self._stores.get(entry.name)
            if known is not None and _same_place(known[0], entry):
                return known[1]
            store = store_guarded(
                entry,
                self._credentials,
                pool_connections=self._pool_connections,
                on_full=self._on_full,
            )
            self._stores[entry.name] = (entry, store)
            return store

    def stores(self, topology: Topology, names: Iterable[str]) -> list[BlobStore]:
        """Return the stores of shards by name, in the order given.

        A shard that is not in the topology, or that this process cannot be configured for,
        is there as one that does not answer: it stops nobody else.
        """
        return [self._store_named(topology, name) for name in names]

    def positions(
        self, topology: Topology, shards: Sequence[ShardSpec]
    ) -> list[tuple[ShardSpec, BlobStore]]:
        """Return positions of a placement with their stores, as ``quorum_write`` takes them."""
        return list(zip(shards, self.stores(topology, (s.name for s in shards)), strict=True))

    def _store_named(self, topology: Topology, name: str) -> BlobStore:
        entry = topology.shards.get(name)
        if entry is None:
            return UnreachableStore(name, "the topology does not know it")
        try:
            return self.store(entry)
        except ConfigurationError as error:
            return UnreachableStore(name, error.detail)


def store_guarded(
    entry: ShardEntry,
    credentials: Credentials,
    *,
    pool_connections: int = POOL_CONNECTIONS,
    on_full: OnFull | None = None,
) -> BlobStore:
    """Return a new store that is believed only while it is the shard of ``entry``.

    Raises:
        ConfigurationError: As ``store_open``.
    """
    inner = store_open(entry, credentials, pool_connections=pool_connections)
    remote = isinstance(address_parse(entry), S3Address)
    return GuardedStore(
        inner,
        entry.identity,
        fresh_for=FRESH_SECONDS if remote else LOCAL_FRESH_SECONDS,
        write_fresh_for=FRESH_SECONDS if remote else 0.0,
        on_full=on_full,
        witness=_witness(inner),
    )


def _witness(inner: BlobStore) -> Callable[[], object]:
    if isinstance(inner, DirectoryStore):
        return partial(inner.witness, IDENTITY_KEY)
    return lambda: None


def store_open(
    entry: ShardEntry, credentials: Credentials, *, pool_connections: int = POOL_CONNECTIONS
) -> BlobStore:
    """Return a new store that believes whatever it finds; for ``shard add`` and probes.

    Raises:
        ConfigurationError: An unknown scheme or option, or no credentials.
    """
    address = address_parse(entry)
    if isinstance(address, MemoryAddress):
        return memory_store(address.name, entry.name)
    if not isinstance(address, S3Address):
        return DirectoryStore(entry.name, address.root)
    # boto3 takes a third of a second to import; processes without S3 shards do not pay it.
    from webapp.storage.s3 import S3Store  # noqa: PLC0415

    if entry.name not in credentials:
        raise ConfigurationError(
            f"Shard {entry.name!r} is an S3 store and this process has no credentials for it.",
            shard=entry.name,
        )
    return S3Store(entry.name, address, credentials[entry.name], pool_connections=pool_connections)


def _same_place(one: ShardEntry, other: ShardEntry) -> bool:
    return (one.url, one.identity, dict(one.options)) == (
        other.url,
        other.identity,
        dict(other.options),
    )
