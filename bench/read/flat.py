"""Memory of one process over many requests for more than its cache holds."""

import os
import re
import subprocess
import time

from bench.read.load import CONNECTIONS, LOAD_CORE, LUA
from bench.read.worlds import SMALL, folder_world, image_on_first, listed

OBJECTS = 4_000
CACHE_BYTES = 20_000_000
LOOKS = 40
MOST_SECONDS = 200
COUNT = re.compile(r"(\d+) requests in")


def flat(servers, folder, options):
    """Ask for 4,000 objects of 15 KB in turn where 20 MB are kept: every request evicts."""
    world = folder_world(folder / "world")
    made = [image_on_first(world, os.urandom(SMALL)) for _ in range(OBJECTS)]
    paths = listed(folder / "paths.txt", made)
    reader = servers.reader("reader", world, reader_cache_bytes=CACHE_BYTES)
    script = folder / "paths.lua"
    script.write_text(LUA % paths)
    done, sizes = 0, [reader.largest()]
    began = time.monotonic()
    while done < options.requests and time.monotonic() - began < MOST_SECONDS:
        done += _ask(reader.port, script)
        sizes.append(reader.largest())
    _say(done, sizes, time.monotonic() - began)


def _ask(port, script):
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", "-d4s"]
    command += ["-s", str(script), f"http://127.0.0.1:{port}/"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Non-2xx" not in run.stdout, run.stdout
    return int(COUNT.search(run.stdout)[1])


def _say(done, sizes, seconds):
    """Print the middle of memory once the cache is full, and how far it ever was from there."""
    full = sizes[max(1, len(sizes) // 10) :]
    middle = sorted(full)[len(full) // 2]
    off = max(abs(size - middle) for size in full) / middle
    print(
        "| requests | seconds | RSS at first, MB | in the middle | off at most | at the end, MB |"
    )
    print("|---|---|---|---|---|---|")
    mb = [f"{size / 1e6:.1f}" for size in (sizes[0], middle, sizes[-1])]
    print(f"| {done:,} | {seconds:.0f} | {mb[0]} | {mb[1]} | {off:.1%} | {mb[2]} |")
