"""``python -m bench.read.counting``: what one request pays for its metrics and its line of log.

Processor time of one call, the least of several rounds; beside it what prometheus_client asks for
the same counter and histogram.
"""

import argparse
import time

from prometheus_client import CollectorRegistry, Counter, Histogram

from webapp.reader.access_log import AccessLog
from webapp.reader.answers import Answer
from webapp.reader.metrics import Metrics
from webapp.reader.tally import BOUNDS, Tally

CALLS = 100_000
SECONDS, SIZE = 0.00042, 15_000
PATH = "/p0007674qz4m91td0rz324bx/w320.webp"


def main():
    parser = argparse.ArgumentParser(prog="python -m bench.read.counting", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print("| one request pays for | µs |\n|---|---|")
    for name, call in _calls().items():
        print(f"| {name} | {min(_once(call) for _ in range(rounds)):.2f} |", flush=True)


def _calls():
    tally, metrics, registry = Tally(), Metrics(), CollectorRegistry()
    labels = ["status", "cache"]
    requests = Counter("requests", "-", labels, registry=registry)
    sizes = Counter("sent", "-", labels, registry=registry)
    seconds = Histogram("seconds", "-", labels, buckets=BOUNDS, registry=registry)
    log, answer = AccessLog(lambda _lines: None), Answer(200, [], b"", cache="memory")

    def theirs():
        requests.labels("200", "memory").inc()
        sizes.labels("200", "memory").inc(SIZE)
        seconds.labels("200", "memory").observe(SECONDS)

    return {
        "nothing: the call": lambda: None,
        "our counters and histogram": lambda: tally.add(200, "memory", SECONDS, SIZE),
        "the same by prometheus_client": theirs,
        "one position asked, a miss alone": lambda: metrics.positions.add("s1", "found", SECONDS),
        "the line of log of a memory hit": lambda: log.add_shared(PATH, answer, SECONDS),
        "the line of log of another answer": lambda: log.add("GET", PATH, answer, SECONDS),
    }


def _once(call):
    began = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - began) / CALLS * 1e6


if __name__ == "__main__":
    main()
