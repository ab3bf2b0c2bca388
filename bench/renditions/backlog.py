"""A hundred thousand tasks wait: does any of them cost more than one of a few?

Most are made up: a worker finds no row for them, and what is left of the task is the queue and
one statement, so that a queue that gets slower shows. Real pictures are in front of them.
"""

import time

from bench.renditions.running import OTHERS, RENDITIONS, Index, memory_mb, running
from bench.renditions.way import store_all
from tests import samples
from tests.outbox_rows import QUEUE, Messages

FEW = 5000
PICTURES = 60
INSERTED = 10_000
RATIO_GOAL = 0.95
SWEEPS_SECONDS = 11
LOOK_SECONDS = 0.25
END_SECONDS = 900


UNITS = {
    "published": "tasks/s",
    "taken": "tasks/s",
    "one picture": "ms",
    "memory of the worker": "MB",
}


def measure(options):
    with running(options, "backlog", SHOEBOX_LOG_LEVEL="info") as system:
        place = Place(system)
        few, crowd, again = (_run(place, count) for count in (FEW, options.crowd, FEW))
    print(f"\n| tasks waiting | {FEW:,} | {options.crowd:,} | {FEW:,} again | ratio |")
    print("|---|---|---|---|---|")
    for name, unit in UNITS.items():
        usual = (few[name] + again[name]) / 2
        ratio = crowd[name] / usual if unit.endswith("/s") else usual / crowd[name]
        values = " | ".join(f"{seen[name]:.1f}" for seen in (few, crowd, again))
        print(f"| {name}, {unit} | {values} | {ratio:.2f} (goal ≥ {RATIO_GOAL}) |")
    print(
        f"\nThe sweep went by {crowd['sweeps']} times meanwhile and added {crowd['added']} tasks."
    )


def _run(place, count):
    seen = place.run(count)
    print(f"{count:,}: {seen}", flush=True)  # the next may take long
    return seen


class Place:
    """A system whose worker of renditions is stopped while the queue fills."""

    def __init__(self, system):
        self._system = system
        self._messages = Messages(system)
        self._index = Index(system)

    def run(self, count):
        """Fill the queue, take the first of it, and throw the rest away."""
        self._system.stop(RENDITIONS)
        self._index.forget_images()
        store_all(self._system, (samples.jpeg() for _ in range(PICTURES)))
        self._wait_published()
        seen = {"published": self._publish(count)}
        if count > FEW:
            seen |= self._sweeps()
        self._system.start(RENDITIONS)
        self._index.wait_settled()
        seen["one picture"] = 1000 * self._index.seconds_per_image()
        seen["taken"] = _rate(self._messages.depth, FEW // 2)
        seen["memory of the worker"] = memory_mb(self._system.family(RENDITIONS))
        self._system.stop(RENDITIONS)
        with self._messages.channel() as channel:
            channel.queue_purge(QUEUE)
        return seen

    def _publish(self, count):
        """Return messages per second, of the last ``FEW``."""
        for at in range(0, count - FEW, INSERTED):
            self._messages.write(min(INSERTED, count - FEW - at))
        self._wait_published()
        self._messages.write(FEW)
        return _rate(self._index.unpublished, FEW * 9 // 10)

    def _wait_published(self):
        end = time.monotonic() + END_SECONDS
        while self._index.unpublished():
            assert time.monotonic() < end, "the relay does not come to an end"
            time.sleep(LOOK_SECONDS)

    def _sweeps(self):
        """Let everything be due, and see whether the sweep queues it behind all the others."""
        log = self._system.described(OTHERS).log
        waited, depth = log.read_text().count("sweep waits"), self._messages.depth()
        self._index.make_due()
        time.sleep(SWEEPS_SECONDS)
        return {
            "sweeps": log.read_text().count("sweep waits") - waited,
            "added": self._messages.depth() - depth + self._index.unpublished(),
        }


def _rate(left, count):
    """Return how many go per second, of the next ``count`` of what is ``left``."""
    begun, first = time.monotonic(), left()
    while (now := left()) > max(first - count, 0):
        assert time.monotonic() < begun + END_SECONDS, f"{now} are left"
        time.sleep(LOOK_SECONDS)
    return (first - now) / (time.monotonic() - begun)
