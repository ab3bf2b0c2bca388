"""Reads beside uploads: on cores of their own, and on the same ones; workers at nice 19."""

import asyncio
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from bench.read.asking import Asking, percentile
from bench.read.uploads import different, photo
from tests.system import system_make

HELD, RATE = 1500, 20
TURNS, NICEST = 4, 19  # of the seconds of a turn
GOALS = {"separate": 1.2, "shared": 3.0}
ROOM = str(HELD + 256)
UNLIMITED = "1000000/second"
SETTINGS = {
    "SHOEBOX_MAX_UPLOADS_IN_FLIGHT": ROOM,
    "SHOEBOX_MAX_UPLOADS_IN_FLIGHT_PER_USER": ROOM,
    "SHOEBOX_UPLOAD_RATE_PER_TOKEN": UNLIMITED,
    "SHOEBOX_UPLOAD_RATE_PER_ADDRESS": UNLIMITED,
    "SHOEBOX_BACKLOG_LIMIT": "10000000",
}


def isolation(_servers, folder, options):
    (folder / "data").mkdir()
    system = system_make("embedded", folder / "data", **SETTINGS)
    try:
        system.begin()
        names = [system.client.store_ready(different(photo()))["id"] for _ in range(4)]
        paths = {f"/{name}/{preset}.webp": None for name in names for preset in ("w320", "w800")}
        _nice(system)
        print("| cores | read p50, p99 ms, idle | with uploads | p99 to idle | goal | uploads |")
        print("|---|---|---|---|---|---|", flush=True)
        for cores in GOALS:
            _place(system, cores)
            print(_line(system, cores, paths, options.seconds * TURNS), flush=True)
    finally:
        system.end()


def _line(system, cores, paths, seconds):
    reader = int(system.environment["SHOEBOX_READ_URL"].rpartition(":")[2])
    idle = _read(reader, paths, seconds)
    with _uploads(system, cores) as taken:
        busy = _read(reader, paths, seconds)
    spread = [f"{percentile(a, 0.5):.1f}, {percentile(a, 0.99):.1f}" for a in (idle, busy)]
    assert all(one.right for one in (*idle, *busy)), "a read failed"
    ratio = percentile(busy, 0.99) / percentile(idle, 0.99)
    return f"| {cores} | {spread[0]} | {spread[1]} | {ratio:.2f} | ≤ {GOALS[cores]} | {taken[0]} |"


def _read(port, paths, seconds):
    asking = Asking(port, paths, clients=4, pause=0.01)
    asyncio.run(asking.run(1))
    return asyncio.run(asking.run(seconds))


@contextmanager
def _uploads(system, cores):
    """Hold and send uploads until the block ends; what was taken is in the list afterwards."""
    port = system.environment["SHOEBOX_WRITE_URL"].rpartition(":")[2]
    token = system.profile.credentials()["token"]
    command = [sys.executable, "-m", "bench.read.uploads", port, token]
    command += [f"--held={HELD}", f"--rate={RATE}"]
    told = ["taskset", "-c", "1" if cores == "separate" else "0,1", *command]
    process = subprocess.Popen(told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    taken = []
    try:
        assert process.stdout.readline() == "ready\n"
        yield taken
        process.stdin.close()
        taken.append(process.stdout.read().strip())
    finally:
        process.kill()
        process.wait()


def _nice(system):
    for name in system.processes:
        if name.startswith("worker"):
            for pid in system.family(name):
                os.setpriority(os.PRIO_PROCESS, pid, NICEST)


def _place(system, cores):
    """Give reads the first core and all else the second, or both to everybody."""
    os.sched_setaffinity(0, {0} if cores == "separate" else {0, 1})
    for name in (*system.servers, *system.processes):
        mine = {0} if name == "read" else {1}
        for pid in system.family(name):
            _move(pid, mine if cores == "separate" else {0, 1})


def _move(pid, cores):
    """Move every thread of a process: affinity belongs to threads."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            os.sched_setaffinity(int(thread.name), cores)
        except ProcessLookupError:
            continue
