"""Start one described process, wait until it is ready, stop or kill it.

Tests and drills use this; ``make run`` and ``make cluster`` hand the same descriptions to a
supervisor instead.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from config.local.ports import is_free
from config.local.processes import (
    POLL_SECONDS,
    send_signal,
    session_kill,
    session_members,
    session_wait,
)
from config.local.service import Service, StartError

LOG_LINES_QUOTED = 15


class Running:
    """A started service: one session of processes, led by the one that was started."""

    def __init__(self, *, service: Service, process: subprocess.Popen[bytes]) -> None:
        self.service = service
        self._process = process

    @property
    def pid(self) -> int:
        """Process id of the leader, which is also the id of its session and group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the leader still runs."""
        return self._process.poll() is None

    def members(self) -> list[int]:
        """Return the ids of all its processes that still run, the leader's included."""
        return session_members(self.pid)

    def stop(self) -> None:
        """End it as its description says; kill what is left after ``stop_seconds``.

        Nothing of it runs afterwards. Harmless when it has ended already.
        """
        for pid in self.members() if self.service.stop_group else [self.pid] * self.alive:
            send_signal(pid, self.service.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self.service.stop_seconds)
        session_wait(self.pid, wait_seconds=1.0 if not self.alive else 0.0)
        self.kill()

    def kill(self) -> None:
        """Kill every process of it with SIGKILL, as a power cut would.

        Raises:
            StartError: Some process did not end; only a process stuck in the kernel does that.
        """
        gone = session_kill(self.pid)
        self._process.wait()
        if not gone:
            raise StartError(f"{self.service.name}: {self.members()} cannot be killed")
        self.service.clean()


def start(service: Service) -> Running:
    """Prepare and start ``service``; return once it is ready and configured.

    Starting again after ``stop`` or ``kill`` continues with the data that it left.

    Raises:
        MissingServerError: Its program is not installed.
        StartError: It ended or stayed silent; the message ends with its last log lines.
    """
    _refuse_taken_ports(service)
    service.prepare()
    service.log.parent.mkdir(parents=True, exist_ok=True)
    with service.log.open("ab") as log:
        process = subprocess.Popen(
            service.command,
            cwd=service.directory,
            env={**os.environ, **service.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(service=service, process=process)
    try:
        _wait_until_ready(running)
        service.configure()
    except BaseException:
        running.kill()
        raise
    return running


@contextlib.contextmanager
def started(*services: Service) -> Iterator[list[Running]]:
    """Start services one after the other; stop them in reverse order at the end."""
    with contextlib.ExitStack() as stack:
        running = []
        for service in services:
            running.append(start(service))
            stack.callback(running[-1].stop)
        yield running


def _wait_until_ready(running: Running) -> None:
    service = running.service
    deadline = time.monotonic() + service.ready_seconds
    while not service.ready():
        if not running.alive:
            raise StartError(f"{service.name} ended while starting{log_tail(service.log)}")
        if time.monotonic() > deadline:
            raise StartError(
                f"{service.name} was not ready after {service.ready_seconds:.0f} s"
                f"{log_tail(service.log)}"
            )
        time.sleep(POLL_SECONDS * 2)


def _refuse_taken_ports(service: Service) -> None:
    """Without this a stranger's server could answer the readiness probe."""
    for port in service.ports:
        if not is_free(port):
            raise StartError(f"{service.name}: port {port} is in use by another process")


def log_tail(log: Path, *, lines: int = LOG_LINES_QUOTED) -> str:
    """Return the end of a log file as text to put behind a message, or where it would be."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"; no log at {log}"
    quoted = "".join(f"\n    {line}" for line in text.splitlines()[-lines:])
    return f"; the end of {log}:{quoted}" if quoted else f"; {log} is empty"
