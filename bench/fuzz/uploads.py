"""Mutated pictures, or those of a folder, sent in each way and followed until they have settled."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from bench.fuzz.memory import MEBIBYTE, Peaks
from tests.hostile.aftermath import upload_files
from tests.hostile.mutations import corpus, mutated
from tests.hostile.sending import sending
from tests.processes import wait_until

THREADS = 24
END_SECONDS = 60
WATCHED = ("write", "worker-renditions", "worker-replication")


class Tally:
    """What was seen, counted by every thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self.answers = Counter()
        self.ends = Counter()
        self.found = []
        self.slowest_answer = self.slowest_end = 0.0

    def add(self, outcome):
        state = outcome.image["state"] if outcome.image else ""
        reason = outcome.image["reason"].partition(":")[0] if outcome.image else ""
        with self._lock:
            self.answers[outcome.status, outcome.code] += 1
            self.ends.update([(state, reason)] if state else [])
            self.slowest_answer = max(self.slowest_answer, outcome.answer_seconds)
            self.slowest_end = max(self.slowest_end, outcome.settle_seconds)

    def find(self, what):
        with self._lock:
            self.found.append(what)
        print("FOUND", what, flush=True)

    def tell(self, sent, seconds):
        print(f"{sent} bodies in {seconds:.0f} s, {sent / seconds:.1f} a second")
        for (status, code), count in sorted(self.answers.items()):
            print(f"  {status} {code:20} {count:8}")
        for (state, reason), count in sorted(self.ends.items()):
            print(f"  {state:9} {reason:40} {count:8}")
        print(f"slowest answer {self.slowest_answer:.2f} s, slowest end {self.slowest_end:.1f} s")


def uploads_fuzz(system, options):
    """Send mutations until the time is over; return what may not have happened."""
    bodies, end = corpus(), time.monotonic() + options.seconds

    def mutations():
        for number in range(options.seed * 10_000_000, (options.seed + 1) * 10_000_000):
            if time.monotonic() > end:
                return
            yield number, *mutated(bodies, number)

    return _send_all(system, mutations(), keep=options.keep)


def folder_fuzz(system, options):
    """Send every file of a folder; return what may not have happened."""
    paths = sorted(path for path in options.folder.rglob("*") if path.is_file())
    files = ((number, path.name, path.read_bytes()) for number, path in enumerate(paths))
    return _send_all(system, files, keep=options.keep)


def _send_all(system, bodies, *, keep):
    tally = Tally()
    peaks = Peaks({name: system.family(name)[0] for name in WATCHED})
    began = time.monotonic()
    lock = threading.Lock()

    def work():
        sent = 0
        with sending(system) as sender:
            while True:
                with lock:
                    body = next(bodies, None)
                if body is None:
                    return sent
                _one(sender, tally, *body, keep=keep)
                sent += 1

    with ThreadPoolExecutor(THREADS) as threads, peaks.watching():
        sent = sum(future.result() for future in [threads.submit(work) for _ in range(THREADS)])
    tally.tell(sent, time.monotonic() - began)
    for name, (first, most) in peaks.seen().items():
        print(f"{name}: {first // MEBIBYTE} MiB at the start, {most // MEBIBYTE} MiB at most")
    _afterwards(system, tally)
    return tally.found


def _one(sender, tally, number, name, body, *, keep):
    try:
        outcome = sender.settled(sender.send(body))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        tally.find(f"{number} {name}: {type(error).__name__} {str(error)[:300]}")
    else:
        tally.add(outcome)
        if outcome.expected:
            return
        tally.find(f"{number} {name}: {outcome}")
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{number}-{name}").write_bytes(body)


def _afterwards(system, tally):
    """Look at what is left: no file of an upload, nothing that is still to be done."""
    try:
        wait_until(
            lambda: not upload_files(system), seconds=END_SECONDS, what="the spool to be empty"
        )
        system.settle()
    except AssertionError as left:
        tally.find(str(left)[:2000])
