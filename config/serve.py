"""Serve one of our HTTP services: ``python -m config.serve read --port 8001``.

granian, on a listening socket that outlives its workers: SIGHUP has a new worker started from
the code that is there now, then the old one drained, and no connection is refused in between.

This process imports nothing of ours for itself. A worker is forked from it, and would keep the
modules that it finds loaded instead of reading the new ones.
"""

import argparse
import ctypes
import errno
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import logger
from granian.server.mp import MPServer

APPLICATIONS: Final = {"write": "config.asgi", "read": "config.reader", "render": "config.render"}
# What a slow reader of a large image costs: up to this much waits for it, and one piece more. By
# itself granian takes sixteen pieces of any size. Heads over it are refused.
BUFFER_BYTES: Final = {
    "write": HTTP1Settings().max_buffer_size,
    "read": 16 * 1024,
    "render": 16 * 1024,
}
# Slow uploads held at a time are bounded by admission, which answers; not here, where the rest
# would wait unanswered.
CONNECTIONS: Final = 16384
RESPAWN_SECONDS: Final = 2.0
"""A new worker has so long before the old one is told to drain. When it needs more, connections
wait in the queue of the socket."""
REFUSED: Final = 2
REPLACED: Final = signal.SIGURG
"""Tells a worker that another one serves already; ignored by one that does not listen to it."""
TAKEN_SECONDS: Final = 1.0
"""What connections that a replaced worker has just taken have to bring their requests."""

_PR_SET_PDEATHSIG: Final = 1


class Server(MPServer):
    """granian with one listening socket for all its workers, old and new.

    By itself each worker opens its own, and the kernel resets what waits in the queue of one
    that closes.

    Args:
        module: Of ours, with the ASGI ``application`` in it.
        options: As granian has them.
    """

    def __init__(self, module: str, **options: Any) -> None:
        super().__init__(f"{module}:application", **options)
        self._module = module

    # Without types in granian.
    _ssp: Any
    _shd: Any
    _sfd: Any

    def _init_shared_socket(self) -> None:
        """Open the socket here, as granian does where the kernel cannot share ports."""
        super()._init_shared_socket()  # type: ignore[no-untyped-call]  # granian has none there
        self._shd, self._ssp = self._ssp.build(), None
        self._sfd = self._shd.get_fd()
        self._sso = socket.socket(fileno=self._sfd)
        self._sso.set_inheritable(True)

    def _spawn_worker(self, idx: Any, target: Any, callback_loader: Any, *others: Any) -> Any:
        loader = partial(_end_with_parent, os.getpid(), callback_loader)
        return super()._spawn_worker(idx, target, loader, *others)

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        """Replace the workers, unless the new code or its settings would not start."""
        # Cleared before it is tried, which takes seconds: what is asked for meanwhile stays asked.
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        problem = _in_child(application_try, self._module)
        if self.interrupt_signal or self.interrupt_children:
            self.reload_signal |= not (problem or self.interrupt_signal)
            self.main_loop_interrupt.set()
            return
        if problem:
            logger.error("Not reloaded, the workers stay: %s", problem)
            return
        for worker in self.wrks:
            with suppress(ProcessLookupError):
                os.kill(worker.inner.pid, REPLACED)
        super()._reload(spawn_target, target_loader)  # type: ignore[no-untyped-call]  # the same


def end_seconds() -> float | str:
    """Return how long a worker may take to end, or what is wrong with the settings."""
    from config.env import settings  # noqa: PLC0415 - in a child alone, see above
    from webapp.core.errors import ConfigurationError  # noqa: PLC0415 - the same

    try:
        return settings().drain_seconds + TAKEN_SECONDS + settings().finish_seconds
    except ConfigurationError as error:
        return error.detail


def application_try(module: str) -> str:
    """Return why an application would not start; empty when it would."""
    try:
        import_module(module)
    except Exception as error:  # noqa: BLE001 - whatever it is, the old workers go on
        return f"{type(error).__name__}: {error}"
    return ""


def port_problem(host: str, port: int) -> str:
    """Return why nothing could listen there; empty when it could.

    To be asked before the server is made: its socket may share a port, and of two servers on one
    each would get some of the requests.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            taken = getattr(error, "errno", None) == errno.EADDRINUSE
            return f"port {port} is in use" if taken else f"port {port} of {host}: {error}"
    return ""


def main() -> int:
    """Serve until SIGTERM or SIGINT; return 2 when settings are wrong or the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m config.serve", description=__doc__)
    parser.add_argument("service", choices=APPLICATIONS)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    told = parser.parse_args()
    ends = _in_child(end_seconds)  # also the first thing that looks at the settings
    if isinstance(ends, str):
        logger.error(ends)
        return REFUSED
    if problem := port_problem(told.host, told.port):
        logger.error(problem)
        return REFUSED
    server_make(
        APPLICATIONS[told.service],
        buffer_bytes=BUFFER_BYTES[told.service],
        host=told.host,
        port=told.port,
        workers=told.workers,
        end_seconds=ends,
    ).serve()
    return 0


def server_make(
    module: str, *, buffer_bytes: int, host: str, port: int, workers: int, end_seconds: float
) -> Server:
    """Describe a server.

    Args:
        module: With the application in it.
        buffer_bytes: Of each connection: of a request's head, and of what waits to be sent.
        host: Address it listens on.
        port: Its port.
        workers: Processes that answer.
        end_seconds: After this long a worker that was told to end is killed.
    """
    return Server(
        module,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        websockets=False,
        # Being ready for HTTP/2, which proxies do not speak to us, costs 14 KB a connection.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=buffer_bytes),
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_SECONDS,
        workers_kill_timeout=max(1, round(end_seconds)),
    )


def _end_with_parent(parent: int, loader: Callable[[], Any]) -> Any:
    """Load an application in a worker that drains and ends when its server is killed.

    It would hold the port otherwise, and nobody would tell it to end.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the server is gone")
    return loader()


def _in_child(function: Callable[..., Any], *arguments: str) -> Any:
    """Return what ``function`` returns in a process of its own, which ends then."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool:
            return "the process that tried it was killed"


if __name__ == "__main__":
    sys.exit(main())
