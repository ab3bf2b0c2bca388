"""What uploads are sent to: a Shoebox of which only the write service runs, and bare receivers."""

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.write.load import Target
from config.local.ports import free_port_block
from config.local.probes import http_status
from config.local.profile import log_of
from config.local.runner import Running, start
from config.local.servers import Postgres
from config.local.service import Service
from config.local.shoebox import ROOT
from config.serve import CONNECTIONS
from tests.system import System, system_make

SERVER_CORE, LOAD_CORE = 0, 1
UNLIMITED = "1000000/second"
SETTINGS = {
    "SHOEBOX_UPLOAD_RATE_PER_TOKEN": UNLIMITED,
    "SHOEBOX_UPLOAD_RATE_PER_ADDRESS": UNLIMITED,
    "SHOEBOX_BACKLOG_LIMIT": "10000000",
    "SHOEBOX_LOG_LEVEL": "error",
}
"""Counted as ever, and nobody refused: what is measured is how much is taken."""


@dataclass(frozen=True, slots=True)
class Place:
    """A running receiver: where to send to, and whose memory to look at.

    ``copies``: folders that it fills faster than a disk is large, to be emptied between turns.
    """

    target: Target
    pid: int
    copies: tuple[Path, ...] = ()

    def empty(self) -> None:
        """Give the room of what it wrote back; nobody may be sending.

        The files stay, empty: ext4 without a journal passes over each that was removed a while
        ago to make the next one, and that would be the time of whoever is measured next.
        """
        for folder in self.copies:
            for file in folder.iterdir():
                os.truncate(file, 0)
        os.sync()


def take_load_core() -> None:
    """Move this process, and all it starts from now on, to the core of the load."""
    os.sched_setaffinity(0, {LOAD_CORE})


def on_server_core(service: Service) -> Service:
    """Return a service that runs alone on the other core."""
    return replace(service, command=("taskset", "-c", str(SERVER_CORE), *service.command))


@contextmanager
def postgres_started(folder: Path) -> Iterator[str]:
    """Give the URL of a PostgreSQL of our own."""
    server = Postgres(directory=folder, port=free_port_block(), password=secrets.token_hex(8))
    running = start(server.service())
    try:
        yield server.url
    finally:
        running.stop()


@contextmanager
def shoebox_started(
    folder: Path, *, s3: bool = False, pinned: bool = True, **settings: str
) -> Iterator[Place]:
    """Give a write service alone: no relay, no worker, nothing else of Shoebox.

    Args:
        folder: Of its data; made here.
        s3: Shards on SeaweedFS instead of folders.
        pinned: To the core of servers.
        settings: Of the profile that are not its own.
    """
    folder.mkdir()
    system = system_make("cluster" if s3 else "embedded", folder, **{**SETTINGS, **settings})
    running: list[Running] = []
    try:
        for root in system.profile.shard_folders:
            root.mkdir(parents=True)
        system.start(*system.servers)
        system.manage("migrate", "--noinput")
        system.manage("bootstrap")
        system.kill(*(name for name in system.servers if name in {"rabbitmq", "valkey"}))
        write = system.described("write")
        running.append(start(on_server_core(write) if pinned else write))
        yield Place(_target(system), running[0].pid)
    finally:
        for service in running:
            service.kill()
        system.end()


def _target(system: System) -> Target:
    token = system.profile.credentials()["token"]
    port = int(system.environment["SHOEBOX_WRITE_URL"].rpartition(":")[2])
    return Target(port, "/api/v1/images", {"Authorization": f"Bearer {token}"})


@contextmanager
def bare_started(folder: Path, *, copies: int, index: str = "") -> Iterator[Place]:
    """Give a bare receiver with its copies in folders below ``folder``.

    Args:
        folder: Made here.
        copies: Fsynced ones of every upload.
        index: ``postgresql://…``, or a file for SQLite; empty: nothing is committed.
    """
    folders = [folder / f"copy{number}" for number in range(copies)]
    for each in folders:
        each.mkdir(parents=True)
    environment = {"BARE_FOLDERS": ":".join(map(str, folders)), "BARE_INDEX": index}
    with granian_started("bench.write.bare:application", folder, environment) as place:
        yield replace(place, copies=tuple(folders))


@contextmanager
def granian_started(
    application: str,
    folder: Path,
    environment: Mapping[str, str],
    *,
    python: str = sys.executable,
    more: tuple[str, ...] = (),
) -> Iterator[Place]:
    """Give an application on granian as our write service runs on it, alone on its core.

    Args:
        application: Its name.
        folder: Of its log.
        environment: What it is told.
        python: Interpreter of the environment it is installed in.
        more: Further words for granian.
    """
    port = free_port_block()
    words = ("--interface=asgi", "--host=127.0.0.1", f"--port={port}", "--no-ws", "--http=1")
    room = (f"--backlog={CONNECTIONS}", f"--backpressure={CONNECTIONS}")
    service = Service(
        name="bare",
        command=(str(Path(python).with_name("granian")), *words, *room, *more, application),
        directory=ROOT,
        ready=lambda: http_status(port, "/") is not None,
        log=log_of(folder, "bare"),
        ready_seconds=300.0,
        env={"PYTHONPATH": str(ROOT), **environment},
    )
    with ExitStack() as stack:
        running = start(on_server_core(service))
        stack.callback(running.kill)
        yield Place(Target(port), running.pid)
