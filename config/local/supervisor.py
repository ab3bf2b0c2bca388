"""One supervisord for all processes of a profile: starts them in order, restarts what ends."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from config.local.processes import session_kill
from config.local.runner import log_tail
from config.local.service import Service, StartError
from config.local.supervisor_config import write_config

POLL_SECONDS = 0.1
SUPERVISOR_SECONDS = 15.0
SHUTDOWN_SECONDS = 1.0
# All processes together; what still runs then is killed.
STOP_SECONDS = 8.5
_FAILED = {"BACKOFF", "EXITED", "FATAL", "UNKNOWN"}


class Supervisor:
    """A running supervisord and what it runs, all in one session of processes.

    Args:
        folder: Data folder of the profile; configuration, socket and logs lie in it.
        services: What it may run.
    """

    def __init__(self, *, folder: Path, services: Sequence[Service]) -> None:
        self._services = services
        self._socket = _shortest(folder / "supervisor.sock")
        self._log = folder / "logs" / "supervisord.log"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._configuration = folder / "supervisord.conf"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start supervisord itself; none of its programs.

        Raises:
            StartError: It did not answer; quotes its log.
        """
        write_config(self._configuration, services=self._services, socket=self._socket)
        supervisord = ("-m", "supervisor.supervisord", "-c", str(self._configuration))
        self._process = subprocess.Popen(
            (*_end_with_parent(), sys.executable, *supervisord),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + SUPERVISOR_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"supervisord did not start{log_tail(self._log)}")
            time.sleep(POLL_SECONDS)

    @property
    def started(self) -> bool:
        """Whether supervisord was started. What it ran may run without it, until ``stop``."""
        return self._process is not None

    def launch(
        self,
        services: Sequence[Service],
        *,
        on_ready: Callable[[Service], None],
        on_unwell: Callable[[Service, str], None] | None = None,
    ) -> None:
        """Start ``services`` side by side; return once all are ready and configured.

        Args:
            services: Some of those it was made with.
            on_ready: Called for each as soon as it is.
            on_unwell: Called in its place, with what it says, for one that runs and says for all
                of its time what keeps it from its job; None where that is a failed start.

        Raises:
            StartError: One ended or stayed silent; quotes its log.
        """
        for service in services:
            service.prepare()
            self._call("startProcess", service.name, False)
        began = time.monotonic()
        waiting = list(services)
        while waiting:
            for service in [each for each in waiting if self._ready(each)]:
                service.configure()
                on_ready(service)
                waiting.remove(service)
            for service in [each for each in waiting if _is_late(each, began=began)]:
                said = service.said() if on_unwell else ""
                if on_unwell is None or not said:
                    raise StartError(
                        f"{service.name} was not ready after {service.ready_seconds:.0f} s"
                        f"{log_tail(service.log)}"
                    )
                on_unwell(service, said)
                waiting.remove(service)
            time.sleep(POLL_SECONDS)

    def pids(self) -> dict[str, int]:
        """Return the process id of each program that runs, by its name."""
        infos = self._call("getAllProcessInfo")
        return {info["name"]: info["pid"] for info in infos if info["pid"]}

    def stop(self, *groups: Iterable[Service]) -> None:
        """End everything, one group after the other, then supervisord; kill what is left.

        Nothing of it runs afterwards, whatever fails on the way.
        """
        if self._process is None:
            return
        with contextlib.suppress(StartError, xmlrpc.client.Error):
            deadline = time.monotonic() + STOP_SECONDS
            for group in groups:
                self._stop_group(list(group), deadline=deadline)
            self._call("shutdown")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(SHUTDOWN_SECONDS)
        session_kill(self._process.pid)
        self._process.wait()
        Path(self._socket).unlink(missing_ok=True)
        for service in self._services:
            service.clean()

    def _stop_group(self, group: Sequence[Service], *, deadline: float) -> None:
        names = {service.name for service in group}
        for name in names:
            # A fault: it does not run.
            with contextlib.suppress(xmlrpc.client.Fault):
                self._call("stopProcess", name, False)
        while names & self.pids().keys() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _ready(self, service: Service) -> bool:
        info = self._call("getProcessInfo", service.name)
        if info["statename"] in _FAILED:
            raise StartError(f"{service.name} ended while starting{log_tail(service.log)}")
        # STARTING lasts the first second: what ends within it has failed.
        return bool(info["statename"] == "RUNNING") and service.ready()

    def _answers(self) -> bool:
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (StartError, xmlrpc.client.Error):
            return False

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except OSError as error:
            raise StartError(
                f"supervisord does not answer ({error}){log_tail(self._log)}"
            ) from None


def _is_late(service: Service, *, began: float) -> bool:
    return time.monotonic() - began > service.ready_seconds


def _shortest(path: Path) -> str:
    """Return ``path`` the shorter way: the name of a socket holds about 100 bytes."""
    return min(str(path), os.path.relpath(path), key=len)


def _end_with_parent() -> tuple[str, ...]:
    """Have the kernel end supervisord, and with it everything, when we are killed."""
    return ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
