"""Draining: a worker that was told to end, or was replaced by a reload, and still answers.

For ``drain_seconds`` it has each client come back on a new connection, and unless it was
replaced says on ``/readyz`` that it is closing, so that load balancers look elsewhere. Then the
server takes no more connections and waits for what is under way.

A worker that was replaced takes none a second before that: the server closes connections that it
took and has read nothing of, and each would be a request lost that its successor could answer.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from config.serve import REPLACED, TAKEN_SECONDS
from webapp.reader.sending import Receive, Send, closing_send

READY_PATH: Final = "/readyz"
_CLOSING: Final = {
    "ready": False,
    "degraded": ["closing"],
    "reasons": {"closing": "This process is ending; another one takes its place."},
}


def drain_on_signal(begin: Callable[[bool], object], *, seconds: float) -> None:
    """Have SIGTERM call ``begin``, and only ``seconds`` later do what it did before.

    To be called on the event loop, when the server has set its own handlers. It knows two
    signals that end it and treats them alike: the other one is what it gets after the drain.

    Args:
        begin: Told whether the process was replaced: then others answer on its port.
        seconds: How long the drain lasts.
    """
    loop = asyncio.get_running_loop()
    replaced = asyncio.Event()

    def drain() -> None:
        begin(replaced.is_set())
        loop.call_later(seconds, leave)

    def leave() -> None:
        if replaced.is_set():
            accepting_stop()
        wait = TAKEN_SECONDS if replaced.is_set() else 0
        loop.call_later(wait, os.kill, os.getpid(), signal.SIGINT)

    loop.add_signal_handler(REPLACED, replaced.set)
    loop.add_signal_handler(signal.SIGTERM, drain)


def accepting_stop() -> None:
    """Take no more connections: those that come are for others who listen on the same socket.

    The server has no such verb, and closing the socket would not do: its event loop goes on
    hearing of it while others have it open. So a socket that nobody knows takes its place.
    """
    if sys.platform != "linux":
        return
    with socket.socket(socket.AF_UNIX) as nowhere:
        nowhere.bind("")  # an address of the kernel's own choice
        nowhere.listen()
        nowhere.setblocking(False)
        for descriptor in _listening():
            os.dup2(nowhere.fileno(), descriptor, inheritable=False)


def _listening() -> list[int]:
    """Return the descriptors of this process at which connections over TCP arrive."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            known = socket.socket(fileno=int(path.name))
        except OSError:
            continue  # a file, or the list itself, which is closed by now
        is_tcp = known.family in (socket.AF_INET, socket.AF_INET6)
        if is_tcp and known.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            found.append(known.fileno())
        known.detach()
    return found


class Draining:
    """Stands in front of an ASGI application and drains it.

    Args:
        application: Gets every request, except the one for readiness while it drains.
        seconds: How long a drain lasts.
    """

    def __init__(self, application: Any, *, seconds: float) -> None:
        self._application = application
        self._seconds = seconds
        self._draining = False
        self._closing = False

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the start of the process."""
        if scope["type"] == "lifespan":
            # Before the application sees it, whose own handlers come on top of this one.
            drain_on_signal(self.begin, seconds=self._seconds)
        elif self._draining:
            send = closing_send(send)
            if self._closing and scope["path"] == READY_PATH:
                await _refuse(send)
                return
        await self._application(scope, receive, send)

    def begin(self, replaced: bool) -> None:  # noqa: FBT001 - it is all a signal says
        """Keep no connection beyond the request on it; be ready only where others answer."""
        self._draining = True
        self._closing = not replaced


async def _refuse(send: Send) -> None:
    body = json.dumps(_CLOSING).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
