"""wrk on one core, the server on the other: rates, and processor time of the server."""

import os
import re
import signal
import statistics
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

SERVER_CORE, LOAD_CORE = 0, 1
CONNECTIONS = 64
RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
LUA = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local at = 0
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at])
end
"""


@dataclass
class Server:
    """A server that runs on its core."""

    name: str
    port: int
    process: subprocess.Popen

    def cpu(self):
        """Seconds of processor time so far, of the whole family."""
        ticks = 0
        for pid in family(self.process.pid):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def largest(self):
        """Bytes of memory now, of the process of the family that has most: the one that serves."""
        pages = max(
            int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            for pid in family(self.process.pid)
        )
        return pages * os.sysconf("SC_PAGE_SIZE")


def family(pid):
    """Return a process and everything it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


@contextmanager
def server(name, port, command, *, log, env=None, path="/", core=SERVER_CORE):
    """Run a server on its core until the block ends."""
    with log.open("ab") as sink:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            env={**os.environ, **(env or {})},
            stdout=sink,
            stderr=sink,
        )
    try:
        _wait(port, path)
        yield Server(name, port, process)
    finally:
        _end(process)


def _end(process):
    """End a server and all it started: children that wait for clients outlive their parent."""
    everybody = family(process.pid) if process.poll() is None else []
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    for pid in everybody:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _wait(port, path):
    for _ in range(200):
        try:
            if httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code < 500:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"nothing answers on port {port}")


@dataclass
class Load:
    """What to ask for.

    ``paths`` is a file of paths asked for in turn; ``headers`` go with each request.
    """

    path: str = "/"
    paths: object = None
    headers: tuple = ()


def once(server, load, seconds):
    """Return requests per second and microseconds of processor per request."""
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    for header in load.headers:
        command += ["-H", header]
    if load.paths:
        script = load.paths.with_suffix(".lua")
        script.write_text(LUA % load.paths)
        command += ["-s", str(script)]
    before = server.cpu()
    run = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}{load.path}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Non-2xx" not in run.stdout, run.stdout
    rate = float(RATE.search(run.stdout)[1])
    return rate, (server.cpu() - before) / (rate * seconds) * 1e6


def compared(servers, *, rounds, seconds):
    """Return the medians of each ``(server, load)``, asked in turn so that noise hits all."""
    results = {server.name: [] for server, _ in servers}
    for target, load in servers:
        once(target, load, 1)
    for _ in range(rounds):
        for target, load in servers:
            results[target.name].append(once(target, load, seconds))
    return {
        name: tuple(statistics.median(column) for column in zip(*rows, strict=True))
        for name, rows in results.items()
    }
