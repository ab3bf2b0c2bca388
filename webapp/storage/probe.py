"""Probing: does a store do what a shard must, tried once with a small blob."""

import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from webapp.core.label import About, Label
from webapp.core.signing import bytes_digest
from webapp.storage.base import BlobStore, Check
from webapp.storage.blob_keys import PROBE_PREFIX
from webapp.storage.identity import GuardedStore

PROBE_BYTES = 4096
ANONYMOUS_SECONDS = 5.0
_ABOUT = About(
    owner_id="00000000-0000-0000-0000-000000000000",
    owner_name="zkouška 試験",
    pool="default",
    source_digest="sha256:" + "0" * 64,
    width=1,
    height=1,
    frames=1,
    filename="fotografie č. 1 😀.jpg",
    title="Čtvrtek",
    album="",
    created_at="2000-01-01T00:00:00Z",
)


@runtime_checkable
class NetworkStore(Protocol):
    """What a store on the network has beside BlobStore."""

    def public_url(self, key: str) -> str:
        """Return where anybody would find a blob if the store were not private."""
        ...

    def clock(self) -> float | None:
        """Return the store's clock, seconds since 1970; None when it shows none."""
        ...


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What one try showed.

    Args:
        shard_name: Whose store.
        check: How sure a PUT is of the bytes.
        problems: What an operator must change, one sentence each; empty when all is well.
        private: Whether an anonymous GET was refused; None where there is none, or no answer.
        clock_ahead: Seconds the store's clock is ahead of ours; None where it shows none.
        seconds: How long write, read, stat and delete took together.
    """

    shard_name: str
    check: Check
    problems: tuple[str, ...]
    private: bool | None
    clock_ahead: float | None
    seconds: float


@dataclass(slots=True)
class _Trial:
    """One blob that is written, read, looked at from outside and removed."""

    store: BlobStore
    key: str = field(default_factory=lambda: f"{PROBE_PREFIX}{secrets.token_hex(8)}")
    data: bytes = field(default_factory=lambda: secrets.token_bytes(PROBE_BYTES))
    problems: list[str] = field(default_factory=list)

    def expect(self, *, that: bool, otherwise: str) -> None:
        if not that:
            self.problems.append(otherwise)


def shard_probe(store: BlobStore) -> ProbeReport:
    """Write a small blob under ``_shoebox/probe/``, read it in every way, remove it.

    Raises:
        ShardUnavailableError: The store does not answer, or refuses one of these.
    """
    trial = _Trial(store)
    began = time.monotonic()
    check = _write_and_read(trial)
    private = _anonymous_refused(trial)
    store.delete(trial.key)
    trial.expect(that=store.stat(trial.key) is None, otherwise="A deleted blob is still there.")
    seconds = time.monotonic() - began
    clock = store_clock(store)
    return ProbeReport(
        shard_name=store.name,
        check=check,
        problems=tuple(trial.problems),
        private=private,
        clock_ahead=None if clock is None else clock - time.time(),
        seconds=seconds,
    )


def store_clock(store: BlobStore) -> float | None:
    """Return a store's own clock, seconds since 1970, to the second; None where it shows none.

    Raises:
        ShardUnavailableError: The store does not answer.
    """
    network = _network(store)
    return network.clock() if network else None


def _network(store: BlobStore) -> NetworkStore | None:
    inner = store.inner if isinstance(store, GuardedStore) else store
    return inner if isinstance(inner, NetworkStore) else None


def _write_and_read(trial: _Trial) -> Check:
    store, key, data = trial.store, trial.key, trial.data
    label = Label(bytes_digest(data), "application/octet-stream", _ABOUT)
    check = store.put(key, data, label=label)
    with store.open(key) as blob:
        read = blob.read() if blob else None
    with store.open(key, start=10, end=20) as blob:
        part = blob.read() if blob else None
    found = store.stat(key)
    trial.expect(that=read == data, otherwise="The bytes read are not those written.")
    trial.expect(that=part == data[10:20], otherwise="A range gives other bytes.")
    trial.expect(
        that=found is not None and found.label == label,
        otherwise="The label does not come back as it was written.",
    )
    return check


def _anonymous_refused(trial: _Trial) -> bool | None:
    network = _network(trial.store)
    if network is None:
        return None
    refused = _get_refused(network.public_url(trial.key))
    trial.expect(
        that=refused is not False, otherwise="Anybody can read the bucket; make it private."
    )
    return refused


def _get_refused(url: str) -> bool | None:
    request = urllib.request.Request(url)  # noqa: S310 - http or https, from the topology
    try:
        with urllib.request.urlopen(request, timeout=ANONYMOUS_SECONDS):  # noqa: S310 - same
            return False
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return None
