"""Reads while a shard is repaired at the default throttle, against reads while nothing else runs.

A read service that keeps nothing in memory, so that every read asks a shard; one client that asks
for originals and renditions in turn, at a steady pace. `manage.py repair --shard` runs beside it as
an operator would start it, its settings untouched.
"""

import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx

from config.local.ports import free_port_block
from config.local.servers.programs import wheel_program
from config.local.shoebox import ROOT

GOAL = 1.5
EVERY_SECONDS = 0.02
"""50 reads a second, a part of what the machine gives: latency is not a queue of our own."""
WARM_SECONDS = 3.0
IDLE_SECONDS = 15.0


@contextmanager
def reader(folder):
    port = free_port_block(1)
    command = [str(wheel_program("granian")), "--interface=asgi", "--host=127.0.0.1"]
    command += [f"--port={port}", "--no-ws", "--http=1", "config.reader:application"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "SHOEBOX_READER_CACHE_BYTES": "1"}
    with (folder / "reader.log").open("ab") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(base)
        yield base
    finally:
        process.terminate()
        process.wait()


def _wait(base):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if httpx.get(f"{base}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(base)


def compare(cluster, folder, rounds):
    paths = cluster.paths()
    random.Random(0).shuffle(paths)
    with reader(folder) as base, httpx.Client(base_url=base, trust_env=False) as client:
        warm = time.monotonic() + WARM_SECONDS
        _read_while(client, paths, lambda: time.monotonic() < warm)
        rows = {"idle": [], "repair": []}
        for _ in range(rounds):
            end = time.monotonic() + IDLE_SECONDS
            rows["idle"].append(_read_while(client, paths, lambda end=end: time.monotonic() < end))
            cluster.erase()
            rows["repair"].append(_read_during_repair(cluster, client, paths))
    return _say(rows)


def _read_during_repair(cluster, client, paths):
    command = [sys.executable, str(ROOT / "manage.py"), "repair", "--shard", cluster.erased_name]
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    with subprocess.Popen([*command, "--apply"], stdout=subprocess.DEVNULL) as repair:
        # Two seconds of importing are no repair; a worker that repairs has them behind it.
        while repair.poll() is None and os.getpriority(os.PRIO_PROCESS, repair.pid) == ours:
            time.sleep(0.01)
        took = _read_while(client, paths, lambda: repair.poll() is None)
    assert repair.returncode == 0
    return took


def _read_while(client, paths, going_on):
    """Return the milliseconds of every read; whoever is late does not wait for the pace."""
    took = []
    for path in itertools.cycle(paths):
        if not going_on():
            return took
        began = time.monotonic()
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        seconds = time.monotonic() - began
        took.append(seconds * 1000)
        time.sleep(max(0.0, EVERY_SECONDS - seconds))
    return took


def _say(rows):
    best = {}
    for name, rounds in rows.items():
        print(f"{name:<8} p50 ms, p99 ms, reads:", end="")
        for took in rounds:
            print(f"  {statistics.median(took):.1f}, {_p99(took):.1f}, {len(took)}", end="")
        print()
        best[name] = statistics.median(_p99(took) for took in rounds)
    ratio = best["repair"] / best["idle"]
    print(json.dumps({"p99_during_repair_to_idle": round(ratio, 2)}))
    return 0 if ratio <= GOAL else 1


def _p99(took):
    return statistics.quantiles(took, n=100)[98]
