"""Makes the reader of a shard from what the topology says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from webapp.core.errors import ConfigurationError
from webapp.core.shards import ShardEntry
from webapp.storage.address import DirectoryAddress, S3Address, address_parse
from webapp.storage.aio.base import STREAM_BYTES, AsyncBlobReader
from webapp.storage.aio.guarded import GuardedReader
from webapp.storage.aio.s3 import S3Reader
from webapp.storage.aio.threaded import ThreadedReader
from webapp.storage.aio.warm import WarmFiles
from webapp.storage.directory import DirectoryStore
from webapp.storage.identity import FRESH_SECONDS, LOCAL_FRESH_SECONDS

CHECKS_PER_FRESHNESS: Final = 2
"""Checks in the background per time a check is good for, so that requests find it fresh."""


@dataclass(frozen=True, slots=True)
class ReaderMaker:
    """Makes readers of shards; one event loop, after the fork.

    Args:
        credentials: Shard name → access key and secret key, for S3.
        connect_seconds: Time-out of a connection.
        read_seconds: Time-out of each wait for a shard.
    """

    credentials: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    connect_seconds: float = 2.0
    read_seconds: float = 10.0

    def bare(self, entry: ShardEntry) -> AsyncBlobReader:
        """Return a reader that believes whatever it finds; for documents that are signed.

        Raises:
            ConfigurationError: The address is malformed, or not one this process can read.
        """
        address = address_parse(entry)
        if isinstance(address, DirectoryAddress):
            store = DirectoryStore(entry.name, address.root, chunk_bytes=STREAM_BYTES)
            warm = WarmFiles(address.root)
            return ThreadedReader(store, seconds=self.read_seconds, warm=warm)
        if isinstance(address, S3Address):
            return S3Reader(
                entry.name,
                address,
                credentials=self.credentials.get(entry.name),
                connect_seconds=self.connect_seconds,
                read_seconds=self.read_seconds,
            )
        raise ConfigurationError(f"Shard {entry.name!r} is in another process.", url=entry.url)

    def guarded(self, entry: ShardEntry) -> GuardedReader:
        """Return a reader that is believed only while it is the shard of ``entry``.

        Raises:
            ConfigurationError: As ``bare``.
        """
        local = entry.url.startswith("file:")
        return GuardedReader(
            self.bare(entry),
            entry.identity,
            fresh_for=LOCAL_FRESH_SECONDS if local else FRESH_SECONDS,
            sure_absent=local,
        )
