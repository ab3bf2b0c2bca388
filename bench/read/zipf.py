"""Traffic by Zipf over 100,000 images, room for 5 % of the bytes: hits, and how late they are."""

import bisect
import itertools
import random
import re
import subprocess
import sys
import urllib.request
from contextlib import suppress

from bench.read.load import LOAD_CORE, LUA
from bench.read.worlds import folder_world, image_on_first, listed
from tests.unit.webapp.reader.world import JPEG
from webapp.reader.blobs import ENTRY_OVERHEAD
from webapp.reader.s3fifo import S3Fifo

OBJECTS, REQUESTS, ROOM = 100_000, 400_000, 0.05
POLICIES = ("LRU", "LFU", "S3FIFO", "WTinyLFU")
SIMULATOR = "libcachesim==0.3.5"
SKEW = 0.9  # the hottest 1 % get about half of all requests
GOAL = 0.97
LATENCIES = """
done = function(summary, latency)
  print(string.format("LATENCIES %.2f %.2f %.2f", latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
"""


def zipf(servers, folder, _options):
    made = random.Random(1)
    sizes = [int(made.lognormvariate(8.0, 0.6)) + len(JPEG) for _ in range(OBJECTS)]
    trace = _trace(made)
    costs = [size + ENTRY_OVERHEAD for size in sizes]
    room = int(sum(costs) * ROOM)
    ours = _simulated_here(trace, costs, room)
    best = _simulated_there(folder, trace, costs, room)
    top = max(best.values(), default=float("nan"))
    print("| hit ratio, simulated | " + " | ".join(best) + " | ours | ours to the best | goal |")
    print("|---|" + "---|" * (len(best) + 3))
    cells = [f"{value:.3f}" for value in (*best.values(), ours, ours / top)]
    print(f"| Zipf {SKEW} | {' | '.join(cells)} | ≥ {GOAL} |\n", flush=True)
    _served(servers, folder, sizes, trace, room)


def _trace(made):
    weights = list(itertools.accumulate((rank + 1) ** -SKEW for rank in range(OBJECTS)))
    names = list(range(OBJECTS))
    made.shuffle(names)  # a size says nothing of how often it is asked for
    return [names[bisect.bisect(weights, made.random() * weights[-1])] for _ in range(REQUESTS)]


def _simulated_here(trace, costs, room):
    cache, hits = S3Fifo(room), 0
    for name in trace:
        key = str(name)
        if cache.get(key) is not None:
            hits += 1
        else:
            cache.put(key, name, cost=costs[name])
    return hits / len(trace)


def _simulated_there(folder, trace, costs, room):
    """Return policy → hit ratio by libCacheSim, installed for this run alone."""
    place = folder / "simulator"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(place), SIMULATOR]
    try:
        subprocess.run(pip, check=True, capture_output=True)
        sys.path.append(str(place))
        import libcachesim  # noqa: PLC0415 - installed a moment ago
    except (subprocess.CalledProcessError, ImportError) as error:
        print(f"the simulator is left out: {error}", file=sys.stderr)
        return {}
    finally:
        with suppress(ValueError):  # it did not come so far
            sys.path.remove(str(place))
    return {name: _ratio(libcachesim, name, trace, costs, room) for name in POLICIES}


def _ratio(simulator, name, trace, costs, room):
    cache, hits = getattr(simulator, name)(cache_size=room), 0
    request = simulator.Request()
    for item in trace:
        request.obj_id, request.obj_size = item + 1, costs[item]
        hits += cache.get(request)
    return hits / len(trace)


def _served(servers, folder, sizes, trace, room):
    world = folder_world(folder / "world")
    paths = [image_on_first(world, JPEG + bytes(size - len(JPEG))) for size in sizes]
    asked = listed(folder / "trace.txt", (paths[name] for name in trace))
    reader = servers.reader("reader", world, reader_cache_bytes=room)
    print("| served by one process | p50 | p99 | p99.9 ms | requests/s | hit ratio |")
    print("|---|---|---|---|---|---|", flush=True)
    for connections, seconds in ((64, 25), (4, 10)):
        rate, late = _asked(reader.port, asked, connections, seconds)
        ratio = _hit_ratio(reader.port)
        print(
            f"| {connections} connections | {' | '.join(late)} | {rate} | {ratio:.3f} |", flush=True
        )


def _asked(port, paths, connections, seconds):
    script = paths.with_suffix(".lua")
    script.write_text(LUA % paths + LATENCIES)
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    run = subprocess.run(
        [*command, "-s", str(script), f"http://127.0.0.1:{port}/"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Non-2xx" not in run.stdout, run.stdout
    rate = re.search(r"Requests/sec:\s+(\d+)", run.stdout)[1]
    return rate, re.search(r"LATENCIES (.*)", run.stdout)[1].split()


def _hit_ratio(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    return float(re.search(r"^shoebox_reader_cache_hit_ratio (\S+)", text, re.MULTILINE)[1])
