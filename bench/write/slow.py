"""Hold many slow uploads; see what each costs, and whether a fresh one still gets through.

    python bench/write/slow.py --url http://127.0.0.1:8000 --token TOKEN --pid PID --held 1500

Each held upload sends its headers and some of its picture at once, a drop now and then, and the
rest when all are let go: over some seconds, or at the same moment with ``--finish-seconds 0``.
Meanwhile fresh small uploads are sent one after the other. PID is the write service's; its whole
family is measured, from Linux' /proc. The service needs ``SHOEBOX_MAX_UPLOADS_IN_FLIGHT`` well
over ``--held``, and rate limits that let one token in.
"""

import argparse
import asyncio
import json
import random
import struct
import time
import zlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

FRESH_SIDE = 40
FRESH_PAUSE = 0.05
WARM_UPLOADS = 64
ANSWER_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Target:
    """A write service, and who uploads."""

    host: str
    port: int
    token: str

    def head(self, length: int) -> bytes:
        """Return the request line and headers of an upload of ``length`` bytes."""
        return (
            f"POST /api/v1/images HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Type: image/png\r\n"
            f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
        ).encode()


@dataclass(frozen=True, slots=True)
class Plan:
    """How slow uploads behave.

    Args:
        held: How many at a time.
        side: Of their picture in pixels; it has about three bytes for each.
        first: Part of the body that is sent at once, between 0 and 1.
        drip_seconds: Between drops of ``drip_bytes``.
        drip_bytes: Of one drop.
        hold_seconds: How long fresh uploads are timed while all are held.
        finish_seconds: Over how long the rest of the bodies is sent. With the time since a drop
            it must stay under the 30 seconds after which a silent client is dropped.
    """

    held: int = 1500
    side: int = 180
    first: float = 0.5
    drip_seconds: float = 10.0
    drip_bytes: int = 200
    hold_seconds: float = 20.0
    finish_seconds: float = 15.0


@dataclass(slots=True)
class Outcome:
    """What was seen; times in milliseconds, memory in KB."""

    held: int
    kb_before: int = 0
    kb_held: int = 0
    kb_after: int = 0
    kb_per_upload: float = 0.0
    held_statuses: dict[str, int] = field(default_factory=dict)
    finish_seconds: float = 0.0
    fresh_while_held: dict[str, float] = field(default_factory=dict)
    fresh_while_finishing: dict[str, float] = field(default_factory=dict)


@cache
def _noise(side: int) -> bytes:
    made = random.Random(side)
    return b"".join(b"\0" + made.randbytes(side * 3) for _ in range(side))


def picture(seed: int, side: int) -> bytes:
    """Return a PNG that differs for each seed; noise, so that it does not shrink."""
    first = b"\0" + random.Random(seed).randbytes(side * 3)
    rows = first + _noise(side)[len(first) :]
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def family_kb(pid: int) -> int:
    """Return the resident memory of a process and all that descend from it, in KB."""
    status = Path(f"/proc/{pid}/status").read_text()
    own = next((line for line in status.splitlines() if line.startswith("VmRSS")), "VmRSS: 0")
    children = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return int(own.split()[1]) + sum(family_kb(int(child)) for child in children.split())


async def answered(reader: asyncio.StreamReader) -> str:
    """Return the status of an answer, or what came instead."""
    async with asyncio.timeout(ANSWER_SECONDS):
        line = await reader.readline()
        await reader.read()
    return line.split(b" ")[1].decode() if line.count(b" ") > 1 else "closed"


class Crowd:
    """Slow uploads: all of them begin, wait, and are let go together."""

    def __init__(self, target: Target, plan: Plan, seed: int) -> None:
        self.complete = asyncio.Event()
        self._begun = 0
        self.statuses: Counter[str] = Counter()
        self._target = target
        self._plan = plan
        self._seed = seed
        self._go = asyncio.Event()

    async def run(self, number: int) -> None:
        """Send one slow upload to its end."""
        try:
            status = await self._upload(number)
        except (OSError, TimeoutError) as error:
            status = type(error).__name__
            self._one_more()
        self.statuses[status] += 1

    def _one_more(self) -> None:
        self._begun += 1
        if self._begun >= self._plan.held:
            self.complete.set()

    async def _upload(self, number: int) -> str:
        plan = self._plan
        size = len(picture(0, plan.side))
        reader, writer = await asyncio.open_connection(self._target.host, self._target.port)
        sent = int(size * plan.first)
        writer.write(self._target.head(size) + self._body(number)[:sent])
        await writer.drain()
        self._one_more()
        while not await self._let_go():
            writer.write(self._body(number)[sent : sent + plan.drip_bytes])
            sent += plan.drip_bytes
        await asyncio.sleep(random.uniform(0, plan.finish_seconds))
        writer.write(self._body(number)[sent:])
        status = await answered(reader)
        writer.close()
        return status

    def _body(self, number: int) -> bytes:
        return picture(self._seed + number, self._plan.side)  # not kept: thousands would add up

    async def _let_go(self) -> bool:
        try:
            await asyncio.wait_for(
                self._go.wait(), self._plan.drip_seconds * random.uniform(0.8, 1.2)
            )
        except TimeoutError:
            return False
        return True

    def let_go(self) -> None:
        """Let all of them send the rest."""
        self._go.set()


class Fresh:
    """Small uploads, one after the other."""

    def __init__(self, target: Target, seed: int) -> None:
        self._target = target
        self._seed = seed
        self._times: list[float] = []
        self._statuses: Counter[str] = Counter()

    async def run(self) -> None:
        """Upload until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(FRESH_PAUSE)

    async def once(self) -> None:
        """Upload one picture."""
        self._seed += 1
        body = picture(self._seed, FRESH_SIDE)
        began = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection(self._target.host, self._target.port)
            writer.write(self._target.head(len(body)) + body)
            status = await answered(reader)
            writer.close()
        except (OSError, TimeoutError) as error:
            status = type(error).__name__
        self._times.append((time.perf_counter() - began) * 1000)
        self._statuses[status] += 1

    def told(self) -> dict[str, float]:
        """Return how many got which status and how long they took; begin anew."""
        times, statuses = sorted(self._times), self._statuses
        self._times, self._statuses = [], Counter()
        if not times:
            return {"count": 0}
        ranks = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        spread = {
            name: times[min(len(times) - 1, int(len(times) * rank))] for name, rank in ranks.items()
        }
        return {"count": len(times), **{k: round(v, 1) for k, v in spread.items()}, **statuses}


async def slow_run(*, target: Target, plan: Plan, pid: int) -> Outcome:
    """Hold ``plan.held`` slow uploads, let them go, and return what was seen."""
    seed = time.time_ns()
    probe = Fresh(target, seed)
    # What the first requests bring in is not counted: modules, threads, their connections.
    await asyncio.gather(*(probe.once() for _ in range(WARM_UPLOADS)))
    probe.told()
    fresh = asyncio.create_task(probe.run())
    outcome = Outcome(plan.held, kb_before=family_kb(pid))
    crowd = Crowd(target, plan, seed=seed + 1_000_000)
    tasks = []
    for number in range(plan.held):
        tasks.append(asyncio.create_task(crowd.run(number)))
        await asyncio.sleep(0.003)
    await crowd.complete.wait()
    await asyncio.sleep(3)
    probe.told()
    await asyncio.sleep(plan.hold_seconds)
    outcome.fresh_while_held = probe.told()
    outcome.kb_held = family_kb(pid)
    outcome.kb_per_upload = round((outcome.kb_held - outcome.kb_before) / plan.held, 1)
    began = time.perf_counter()
    crowd.let_go()
    await asyncio.gather(*tasks)
    outcome.finish_seconds = round(time.perf_counter() - began, 1)
    outcome.fresh_while_finishing = probe.told()
    fresh.cancel()
    outcome.held_statuses = dict(crowd.statuses)
    outcome.kb_after = family_kb(pid)
    return outcome


def main() -> None:
    """Read the command line, run, print what was seen as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--pid", type=int, required=True)
    for name, default in asdict(Plan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    words = parser.parse_args()
    address = urlsplit(words.url)
    target = Target(address.hostname or "127.0.0.1", address.port or 80, words.token)
    plan = Plan(**{name: getattr(words, name) for name in asdict(Plan())})
    outcome = asyncio.run(slow_run(target=target, plan=plan, pid=words.pid))
    print(json.dumps(asdict(outcome), indent=1))


if __name__ == "__main__":
    main()
