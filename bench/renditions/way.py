"""The whole way through a running Shoebox: many photos waiting, and one on an idle machine."""

import io
import itertools
import statistics
import time
from concurrent.futures import ProcessPoolExecutor

from tests.system import system_make
from workers.imaging.formats import prepare
from workers.imaging.render import render

PROCESSES = 2
WORKERS = "worker-renditions"
RATIO_GOAL, OVERHEAD_GOAL_MS = 0.85, 150
SINGLE_UPLOADS = 11
READY_SECONDS = 900


def measure(options):
    folder = options.folder / "way"
    folder.mkdir()
    system = system_make("embedded", folder, SHOEBOX_LOG_LEVEL="error")
    try:
        system.begin()
        _many(system, _different(options.files, options.uploads))
        _single(system, _different(options.files, SINGLE_UPLOADS))
    finally:
        system.end()


def _different(files, count):
    """Yield so many bodies of which no two are the same: a duplicate would be no work."""
    for number, path in zip(range(count), itertools.cycle(files), strict=False):
        data = path.read_bytes()
        comment = b"%016d" % (number + time.time_ns())
        # A comment right behind the start: it changes no pixel.
        yield data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + data[2:]


def _many(system, bodies):
    """Compare a queue of photos with the same codec work in a bare loop on two processes."""
    bodies = list(bodies)
    system.stop(WORKERS)
    ids = [system.client.store(body)["id"] for body in bodies]
    begun = time.monotonic()
    system.start(WORKERS)
    _await_ready(system, ids)
    ours = len(ids) / (time.monotonic() - begun)
    begun = time.monotonic()
    with ProcessPoolExecutor(PROCESSES) as pool:
        list(pool.map(_codec_ms, bodies))
    bare = len(bodies) / (time.monotonic() - begun)
    print(f"\n| {len(ids)} photos, {PROCESSES} processes | images/s |\n|---|---|")
    print(f"| the whole way, from the queue to ready | {ours:.2f} |\n| a bare loop | {bare:.2f} |")
    print(f"| ratio (goal ≥ {RATIO_GOAL}) | {ours / bare:.2f} |")


def _await_ready(system, ids):
    end = time.monotonic() + READY_SECONDS
    waiting = set(ids)
    while waiting:
        if time.monotonic() > end:
            raise TimeoutError(f"{len(waiting)} of {len(ids)} are not ready")
        waiting = {i for i in waiting if system.client.image(i)["state"] == "stored"}


def _single(system, bodies):
    waits, codecs = [], []
    for body in bodies:
        begun = time.monotonic()
        image_id = system.client.store(body)["id"]
        answer = system.client.call("GET", f"/api/v1/images/{image_id}", params={"wait": 30})
        waits.append(1000 * (time.monotonic() - begun))
        assert answer.json()["state"] == "ready", answer.json()
        codecs.append(_codec_ms(body))
    wait, codec = statistics.median(waits), statistics.median(codecs)
    print(f"\n| one photo, p50 of {len(waits)} | ms |\n|---|---|")
    print(f"| upload to ready | {wait:.0f} |\n| all its codec work | {codec:.0f} |")
    print(f"| above it (goal ≤ {OVERHEAD_GOAL_MS}) | {wait - codec:.0f} |")


def _codec_ms(body):
    prepare()
    begun = time.monotonic()
    render(io.BytesIO(body))
    return 1000 * (time.monotonic() - begun)
