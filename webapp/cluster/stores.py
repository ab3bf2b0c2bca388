"""The shards of this process: one fleet, made on first use and again after a fork."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.conf import settings

from webapp.cluster.full import full_note
from webapp.core.placement import write_order
from webapp.core.shards import ShardEntry, ShardSpec
from webapp.core.topology import Topology, TopologyVersion
from webapp.storage.base import BlobStore
from webapp.storage.breaker import Breakers
from webapp.storage.fleet import Fleet, store_open

PUT_THREADS = 64

Stores = list[tuple[ShardSpec, BlobStore]]


@dataclass(frozen=True)
class _Process:
    pid: int
    fleet: Fleet
    executor: ThreadPoolExecutor


_lock = threading.Lock()
_process: _Process | None = None


def _current() -> _Process:
    global _process  # noqa: PLW0603 - one per process, and clients must not live through a fork
    pid = os.getpid()
    if _process is None or _process.pid != pid:
        with _lock:
            if _process is None or _process.pid != pid:
                pool = ThreadPoolExecutor(PUT_THREADS, thread_name_prefix="shard")
                _process = _Process(
                    pid,
                    Fleet(
                        settings.SHOEBOX.shard_credentials,
                        pool_connections=PUT_THREADS,
                        on_full=full_note,
                    ),
                    pool,
                )
    return _process


def fleet() -> Fleet:
    """Return this process's shards."""
    return _current().fleet


def executor() -> ThreadPoolExecutor:
    """Return the threads this process talks to shards on."""
    return _current().executor


def breakers() -> Breakers:
    """Return what this process remembers of shards that failed."""
    return _current().fleet.breakers


def store_bare(entry: ShardEntry) -> BlobStore:
    """Return a store that believes whatever it finds; for adding and probing a shard."""
    return store_open(entry, settings.SHOEBOX.shard_credentials)


def store(entry: ShardEntry) -> BlobStore:
    """Return the store of one shard; it checks that it is itself."""
    return fleet().store(entry)


def writable(topology: Topology, version: TopologyVersion, partition: str) -> Stores:
    """Return the positions that take new images, in order, with their stores."""
    return fleet().positions(topology, write_order(topology, version, partition))
