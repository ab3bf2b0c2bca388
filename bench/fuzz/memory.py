"""How much memory processes and all their children take together, looked at now and then."""

import threading
from contextlib import contextmanager
from pathlib import Path

from tests.processes import family

MEBIBYTE = 1024 * 1024
LOOK_SECONDS = 1.0


def resident_bytes(pid):
    """What a process and its descendants have in memory; shared pages count for each."""
    return sum(process_bytes(member) for member in family(pid))


def process_bytes(pid):
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(found[0]) * 1024 if found else 0


class Peaks:
    """The first and the highest figure of each process by name."""

    def __init__(self, pids):
        self._pids = pids
        self._first = {name: resident_bytes(pid) for name, pid in pids.items()}
        self._most = dict(self._first)
        self._over = threading.Event()

    @contextmanager
    def watching(self):
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _watch(self):
        while not self._over.wait(LOOK_SECONDS):
            for name, pid in self._pids.items():
                self._most[name] = max(self._most[name], resident_bytes(pid))

    def seen(self):
        return {name: (self._first[name], self._most[name]) for name in self._pids}
