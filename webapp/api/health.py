"""Whether the write service is alive, and whether it can do its job: what is degraded, by name."""

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from webapp.api.answers import json_answer
from webapp.cluster.snapshot import pool_names, topology_now
from webapp.cluster.stores import fleet
from webapp.cluster.usage import shards_full
from webapp.core.keys import IDENTITY_KEY
from webapp.core.topology import Topology
from webapp.storage.everywhere import stat_all

FRESH_SECONDS: Final = 1.0
SHARD_SECONDS: Final = 2.0
BROKER_SECONDS: Final = 1.0
_PORTS: Final = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379}


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a look at everything the write service needs showed.

    Args:
        failing: Part → why uploads cannot work without it.
        degraded: Part → what is wrong with it; uploads go on.
    """

    failing: Mapping[str, str] = field(default_factory=dict)
    degraded: Mapping[str, str] = field(default_factory=dict)


def alive_read(_request: HttpRequest) -> HttpResponse:
    """Say that the process answers. Looks at nothing else: a restart would not heal it."""
    return json_answer({"status": "alive"})


def ready_read(_request: HttpRequest) -> HttpResponse:
    """Say whether uploads work: 200, or 503; and what is degraded, by name, in both."""
    readiness = _latest.read()
    parts = {**readiness.failing, **readiness.degraded}
    answer = {"ready": not readiness.failing, "degraded": list(parts), "reasons": parts}
    return json_answer(answer, status=503 if readiness.failing else 200)


def readiness_look() -> Readiness:
    """Look at the index, the spool, the topology, the shards and the broker.

    The broker being away degrades and does not fail: uploads go on, their work waits.
    """
    failing: dict[str, str] = {}
    degraded: dict[str, str] = {}
    try:
        _shards(failing, degraded)
    except DatabaseError as error:
        failing["database"] = f"The index does not answer ({type(error).__name__})."
    if reason := _spool():
        failing["spool"] = reason
    if reason := _broker():
        degraded["broker"] = reason
    return Readiness(failing, degraded)


class Remembered:
    """A look that is not repeated for a moment: anybody may ask, and each look costs requests."""

    def __init__(self, look: Callable[[], Readiness]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._ends = 0.0
        self._found = Readiness()

    def read(self) -> Readiness:
        """Return what the last look showed, and look again when it is over a second old."""
        with self._lock:
            if time.monotonic() >= self._ends:
                self._found = self._look()
                self._ends = time.monotonic() + FRESH_SECONDS
            return self._found


_latest = Remembered(readiness_look)


def _spool() -> str | None:
    try:
        settings.SHOEBOX.spool.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.SHOEBOX.spool) as file:
            file.write(b"\0")
    except OSError as error:
        return f"The spool cannot be written ({error.strerror})."
    return None


def _shards(failing: dict[str, str], degraded: dict[str, str]) -> None:
    topology = topology_now()
    names = [entry.name for entry in topology.shards.values() if entry.state.readable]
    answers = stat_all(fleet().stores(topology, names), IDENTITY_KEY, within=SHARD_SECONDS)
    for name, error in answers.silent.items():
        degraded[f"shard:{name}"] = error.detail
    for name, reason in shards_full().items():
        degraded.setdefault(f"shard:{name}", reason)
    currents = {pool: topology.current(pool, now=time.time()) for pool in pool_names()}
    if not any(currents.values()):
        failing["topology"] = "No topology is published: no shard takes images yet."
    for pool, version in currents.items():
        placed = [shard.name for shard in version.shards] if version else []
        writable = _writable(topology, [name for name in placed if name in answers.given])
        if version and len(writable) < version.quorum:
            failing["shards"] = (
                f"Pool {pool!r}: {len(writable)} shards take images, {version.quorum} are needed."
            )


def _writable(topology: Topology, names: list[str]) -> list[str]:
    return [name for name in names if topology.state(name).takes_images]


def _broker() -> str | None:
    parts = urlsplit(settings.SHOEBOX.broker_url.partition(";")[0])
    port = parts.port or _PORTS.get(parts.scheme, 0)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=BROKER_SECONDS).close()
    except OSError as error:
        return f"{parts.hostname}:{port} does not answer ({error.strerror or error})."
    return None
