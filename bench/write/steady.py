"""Minutes at the highest rate a whole Shoebox holds, with or without kills; then all is read back.

On the cluster profile: RabbitMQ, PostgreSQL, Valkey, four SeaweedFS, relay, workers. The highest
rate that is held is the one at which work does not pile up: senders wait while it does.
"""

import hashlib
import statistics
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx

from bench.write.photos import photo
from bench.write.places import SETTINGS
from bench.write.slow import family_kb
from tests.processes import wait_until
from tests.system import System, system_run

SENDERS = 8
PHOTO_BYTES = 300_000
MOST_UNFINISHED = 100
SAMPLE_SECONDS = 2.0
ENDING_SECONDS = 600
KILLED = ("write", "relay", "postgres", "rabbitmq")
IMAGES = "/api/v1/images"
NO_ANSWER = (httpx.TransportError, httpx.TimeoutException)


class Senders:
    """Clients that upload until told to stop; each sends a photo again until it is taken."""

    def __init__(self, system: System) -> None:
        self.taken: dict[str, str] = {}
        """Image id → digest of what was sent."""
        self.sent: set[str] = set()
        """Digests of all photos that were sent, taken or not."""
        self.refused: list[str] = []
        self.again = 0
        self.paused_seconds = 0.0
        self._client = system.client
        self._over = threading.Event()
        self._room = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        self._threads.append(threading.Thread(target=self._watch))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._room.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        while not self._over.is_set():
            if self._room.wait(1.0):
                self._until_taken(photo(PHOTO_BYTES).new())

    def _until_taken(self, body: bytes) -> None:
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.sent.add(digest)
        while not self._over.is_set():
            with suppress(*NO_ANSWER):
                answer = self._client.upload(body, headers={"Idempotency-Key": digest})
                if answer.status_code in {200, 201}:
                    self.taken[answer.json()["id"]] = digest
                    return
                if answer.status_code != 503:
                    self.refused.append(f"{answer.status_code} {answer.text[:200]}")
                    return
            self.again += 1
            self._over.wait(0.2)

    def _watch(self) -> None:
        """Let photos be sent while fewer than ``MOST_UNFINISHED`` wait for the workers.

        While nobody answers they are sent too: that is what the kills are for.
        """
        while not self._over.wait(0.25):
            if self._unfinished() < MOST_UNFINISHED:
                self._room.set()
            else:
                self._room.clear()
                self.paused_seconds += 0.25

    def _unfinished(self) -> int:
        query = {"state": "stored", "limit": MOST_UNFINISHED}
        try:
            return len(self._client.call("GET", IMAGES, params=query).json()["items"])
        except (*NO_ANSWER, KeyError):
            return 0


class Killer:
    """Kills one process after the other with SIGKILL and starts it again, as a supervisor does."""

    def __init__(self, system: System, *, every: float) -> None:
        self.kills = dict.fromkeys(KILLED, 0)
        self._system = system
        self._every = every
        self._starts = ThreadPoolExecutor(len(KILLED))
        self._starting: dict[str, Future[None]] = {}

    def tick(self, *, seconds: float) -> None:
        """Kill whose turn it is after ``seconds`` of the run."""
        number = sum(self.kills.values())
        name = KILLED[number % len(KILLED)]
        pending = self._starting.get(name)
        if seconds < self._every * (number + 1) or (pending and not pending.done()):
            return
        if pending:
            pending.result()
        self._system.kill(name)
        self.kills[name] += 1
        self._starting[name] = self._starts.submit(self._system.start, name)

    def close(self) -> None:
        """Wait until everything that was killed is back."""
        for started in self._starting.values():
            started.result()
        self._starts.shutdown()


def steady_table(folder: Path, *, minutes: float, kill_every: float = 0.0) -> str:
    """Return what a run of so many minutes did, and what was found afterwards."""
    folder.mkdir()
    running = system_run("cluster", folder, **SETTINGS)
    try:
        return _run(next(running), minutes * 60, kill_every)
    finally:
        running.close()


def _run(system: System, seconds: float, kill_every: float) -> str:
    memory: list[int] = []
    killer = Killer(system, every=kill_every) if kill_every else None
    began = time.monotonic()
    with Senders(system) as senders:
        while (passed := time.monotonic() - began) < seconds:
            with suppress(OSError):
                memory.append(family_kb(system.family("write")[0]))
            if killer:
                killer.tick(seconds=passed)
            time.sleep(SAMPLE_SECONDS)
    if killer:
        killer.close()
    system.settle()
    found = _found(system, senders)
    rate = f"{len(senders.taken) / seconds:.1f}"
    lines = {
        "seconds": f"{seconds:.0f}",
        "acknowledged": f"{len(senders.taken):,} ({rate} per second)",
        "kills": ", ".join(f"{n} x {name}" for name, n in killer.kills.items())
        if killer
        else "none",
        "senders waited for the workers": f"{senders.paused_seconds:.0f} s",
        "sent again after no answer or 503": str(senders.again),
        "other answers": str(len(senders.refused)) + "".join(f" {r}" for r in senders.refused[:3]),
        "memory of the write service, first and last quarter": _quarters(memory),
        **found,
    }
    return "| | |\n|---|---|\n" + "\n".join(f"| {k} | {v} |" for k, v in lines.items()) + "\n"


def _quarters(memory: list[int]) -> str:
    part = max(1, len(memory) // 4)
    first, last = (statistics.median(some) / 1024 for some in (memory[:part], memory[-part:]))
    return f"{first:.0f} MiB, {last:.0f} MiB"


def _found(system: System, senders: Senders) -> dict[str, str]:
    began = time.monotonic()
    listed = _all_ready(system)
    settled = time.monotonic() - began
    lost = [image_id for image_id in senders.taken if image_id not in listed]
    ours = [image for image in listed.values() if image["source_digest"] in senders.sent]
    wrong = [
        i for i, digest in senders.taken.items() if not _is_same(system, listed.get(i), digest)
    ]
    twice = len(ours) - len({image["source_digest"] for image in ours})
    stuck = [image["id"] for image in listed.values() if image["state"] != "ready"]
    spooled = [path for path in system.spool.rglob("*") if path.is_file()]
    return {
        "lost": str(len(lost)),
        "stored twice": str(twice),
        "not ready": f"{len(stuck)}, {settled:.0f} s after the end",
        "read back byte for byte": f"{len(senders.taken) - len(wrong):,} of {len(senders.taken):,}",
        "files left in the spool": str(len(spooled)),
    }


def _all_ready(system: System) -> dict[str, dict]:
    """Return all images by id, once none is unfinished or they had ``ENDING_SECONDS``."""

    def finished() -> bool:
        query = {"state": "stored", "limit": 1}
        return not system.client.call("GET", IMAGES, params=query).json()["items"]

    with suppress(AssertionError):
        wait_until(finished, seconds=ENDING_SECONDS, what="all images ready")
    found, cursor = {}, ""
    while cursor is not None:
        query = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        page = system.client.call("GET", IMAGES, params=query).json()
        found |= {image["id"]: image for image in page["items"]}
        cursor = page["next"]
    return found


def _is_same(system: System, image: dict | None, digest: str) -> bool:
    if image is None:
        return False
    body = system.client.read(image["links"]["original"]).content
    return f"sha256:{hashlib.sha256(body).hexdigest()}" == digest
