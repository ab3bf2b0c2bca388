"""What the read service must be told; config/reader.py reads it from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from webapp.core.signing import Keyring

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSettings:
    """Settings of one read process.

    Args:
        keyring: Verifies topology, journal and links.
        topology_file: Local copy of the last good topology.
        journal_file: Local copy of the last good deletion journal.
        seed_shards: Shard name → URL, asked for the topology while there is none.
        shard_credentials: Shard name → access key and secret key.
        zone: Zone of this process, read from first; empty for none.
        cache_bytes: Memory blobs are kept in.
        cache_blob_bytes: Larger blobs are not kept in memory.
        sending_bytes: Memory slow clients may hold before what is larger than 1 MiB is streamed.
        shared_cache_url: Valkey or Redis that several read processes share; empty for none.
        shared_cache_seconds: What it does not answer within counts as absent.
        shared_cache_blob_bytes: Larger blobs are not kept there.
        shared_cache_ttl: Seconds it keeps a blob.
        poll_seconds: Between looks for a newer topology or journal.
        unconfirmed_seconds: With a topology no shard has confirmed for so long, "not found" is
            more than this process knows, and is answered with 503.
        deadline_seconds: A read that takes longer is answered with 503.
        connect_seconds: Time-out of a connection to a shard.
        read_seconds: Time-out of each wait for a shard.
        render_url: Base of the process that makes sizes on demand; empty for none.
        render_wait_seconds: It is waited for no longer than this.
        stall_seconds: A client that takes nothing for so long is cut off.
    """

    keyring: Keyring
    topology_file: Path
    journal_file: Path
    seed_shards: Mapping[str, str] = field(default_factory=dict)
    shard_credentials: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    zone: str = ""
    cache_bytes: int = 256 * MIB
    cache_blob_bytes: int = 8 * MIB
    sending_bytes: int = 128 * MIB
    shared_cache_url: str = field(default="", repr=False)
    shared_cache_seconds: float = 0.02
    shared_cache_blob_bytes: int = MIB
    shared_cache_ttl: int = 24 * 3600
    poll_seconds: float = 2.0
    unconfirmed_seconds: float = 60.0
    deadline_seconds: float = 10.0
    connect_seconds: float = 2.0
    read_seconds: float = 10.0
    render_url: str = ""
    render_wait_seconds: float = 25.0
    stall_seconds: float = 60.0
