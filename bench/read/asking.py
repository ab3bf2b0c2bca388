"""Asking from Python: fewer requests than wrk, but each one timed, checked and remembered."""

import asyncio
import itertools
import os
import time
from dataclasses import dataclass

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: when it began, how long it took, and whether the right bytes came."""

    began: float
    seconds: float
    status: int
    right: bool


class Asking:
    """Clients that ask for paths in turn, each on a connection it keeps.

    Args:
        port: Of the server.
        bodies: Path → bytes it must give; None where any will do.
        clients: How many ask at the same time.
        pause: Seconds between one client's requests.
    """

    def __init__(self, port, bodies, *, clients=16, pause=0.0):
        self.asked = []
        self._port = port
        self._bodies = bodies
        self._paths = itertools.cycle(bodies)
        self._clients = clients
        self._pause = pause

    async def run(self, seconds):
        """Ask for so long; return what was asked meanwhile."""
        first = len(self.asked)
        end = time.perf_counter() + seconds
        await asyncio.gather(*(self._client(end) for _ in range(self._clients)))
        return self.asked[first:]

    async def _client(self, end):
        reader = writer = None
        while (began := time.perf_counter()) < end:
            path = next(self._paths)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    if writer is None:
                        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
                    status, body = await _answer(reader)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                status, body, writer = 0, b"", None
            wanted = self._bodies[path]
            right = status == 200 and wanted in (None, body)
            self.asked.append(Asked(began, time.perf_counter() - began, status, right))
            if self._pause:
                await asyncio.sleep(self._pause)


async def _answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    return int(head[9:12]), await reader.readexactly(length)


def percentile(asked, part):
    """Return milliseconds within which this part of the requests was answered."""
    times = sorted(one.seconds for one in asked)
    return 1000 * times[min(len(times) - 1, int(len(times) * part))] if times else float("nan")


def take_core(*cores):
    """Move this process, and all it starts from now on, to some cores."""
    os.sched_setaffinity(0, set(cores))
