"""The whole way through a running Shoebox: many photos waiting, and one on an idle machine."""

import io
import itertools
import statistics
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from bench.renditions.running import CODECS, PROCESSES, RENDITIONS, Index, Processors, running
from workers.imaging.formats import prepare
from workers.imaging.render import render

RATIO_GOAL, OVERHEAD_GOAL_MS = 0.85, 150
WARM_UPLOADS, SINGLE_UPLOADS = 4, 21
SENDERS = 4
SETTLING_SECONDS = 5


def measure(options):
    with running(options, "way", processes=options.at_a_time) as system:
        _warm(system, different(options.files, WARM_UPLOADS))
        _many(system, different(options.files, options.uploads), options.at_a_time)
        _single(system, different(options.files, SINGLE_UPLOADS))


def different(files, count):
    """Yield so many bodies of which no two are the same: a duplicate would be no work."""
    for number, path in zip(range(count), itertools.cycle(files), strict=False):
        data = path.read_bytes()
        comment = b"%016d" % (number + time.time_ns())
        # A comment right behind the start: it changes no pixel.
        yield data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + data[2:]


def store_all(system, bodies):
    with ThreadPoolExecutor(SENDERS) as threads:
        return len(list(threads.map(system.client.store, bodies)))


def _warm(system, bodies):
    """Let every process have done its first one, which costs what the others do not."""
    store_all(system, bodies)
    Index(system).wait_settled()


def _many(system, bodies, at_a_time):
    """Compare a queue of photos with the same codec work in a bare loop on two processes."""
    bodies = list(bodies)
    system.stop(RENDITIONS)
    store_all(system, bodies)
    time.sleep(SETTLING_SECONDS)  # their copies are made
    system.start(RENDITIONS)
    count, seconds, spent = _queue_taken(system)
    with ProcessPoolExecutor(PROCESSES) as pool:
        list(pool.map(_codec_ms, bodies[:PROCESSES]))
        begun = time.monotonic()
        list(pool.map(_codec_ms, bodies))
        bare = len(bodies) / (time.monotonic() - begun)
    ours = count / seconds
    print(f"\n| {len(bodies)} photos | images/s |\n|---|---|")
    print(f"| the whole way, from the queue to ready, {at_a_time} at a time | {ours:.2f} |")
    print(f"| a bare loop in {PROCESSES} processes | {bare:.2f} |")
    print(f"| ratio (goal ≥ {RATIO_GOAL}) | {ours / bare:.2f} |")
    _print_spent(spent, count)


def _queue_taken(system):
    """Return how many were made in how many seconds, and the processor time of each part.

    From when the worker answers: until then it starts, and has begun with the first.
    """
    index = Index(system)
    count, begun, processors = index.waiting(), time.monotonic(), Processors(system)
    index.wait_settled()
    return count, time.monotonic() - begun, processors.spent()


def _print_spent(spent, count):
    total = sum(spent.values())
    print("\n| processor time of | ms per photo | share |\n|---|---|---|")
    for name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"| {name} | {1000 * seconds / count:.1f} | {100 * seconds / total:.1f} % |")
    print(
        f"| all but the codecs | {1000 * (total - spent[CODECS]) / count:.1f} | "
        f"{100 * (1 - spent[CODECS] / total):.1f} % |"
    )


def _single(system, bodies):
    waits, codecs, index = [], [], Index(system)
    index.forget_images()
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
    print(f"| of the upload to ready, from its row on | {1000 * index.seconds_to_ready():.0f} |")
    print(f"| above it (goal ≤ {OVERHEAD_GOAL_MS}) | {wait - codec:.0f} |")


def _codec_ms(body):
    prepare()
    begun = time.monotonic()
    render(io.BytesIO(body))
    return 1000 * (time.monotonic() - begun)
