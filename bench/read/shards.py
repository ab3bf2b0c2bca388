"""One of four shards killed, hanging, late, lying: what reads see of it, every one a miss."""

import asyncio
import os
import signal
import time

from bench.read.asking import Asking, percentile, take_core
from bench.read.load import LOAD_CORE, family
from bench.read.worlds import images, store_world

ILLNESSES = ("killed", "hanging", "late by 2 s", "wrong bytes")
MANY = 300
WELL_SECONDS, ILL_SECONDS, AGAIN_SECONDS = 6, 12, 8
SICK = "a1"


def shards(servers, folder, _options):
    take_core(LOAD_CORE)
    print(
        "| shard is | asked | errors | wrong | healthy p50, p99 ms | worst | breaker open after s |"
        " p99 ms then | to healthy |\n|---|---|---|---|---|---|---|---|---|"
    )
    for number, illness in enumerate(ILLNESSES):
        world, stores = store_world(folder / str(number), servers)
        bodies = images(world, MANY)
        reader = servers.reader(illness, world, reader_cache_bytes=0)
        seen = asyncio.run(_seen(servers, stores[SICK], reader, bodies, illness))
        print(_line(illness, *seen), flush=True)
        _well(servers, stores[SICK], illness)


async def _seen(servers, store, reader, bodies, illness):
    asking = Asking(reader.port, bodies, clients=8, pause=0.02)
    await asking.run(1)
    healthy = await asking.run(WELL_SECONDS)
    began = time.perf_counter()
    _ill(servers, store, illness)
    ill, opened = await asyncio.gather(asking.run(ILL_SECONDS), _opened(reader.port, began))
    return healthy, ill, began, opened


async def _opened(port, began):
    """Return when the reader said that it asks the sick shard last or not at all."""
    while time.perf_counter() - began < ILL_SECONDS:
        if SICK in await _degraded(port):
            return time.perf_counter()
        await asyncio.sleep(0.05)
    return None


async def _degraded(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    return text.partition('"degraded"')[2].partition("]")[0]


def _line(illness, healthy, ill, began, opened):
    after = [one for one in ill if opened is not None and one.began > opened]
    p50, p99, then = percentile(healthy, 0.5), percentile(healthy, 0.99), percentile(after, 0.99)
    errors = sum(one.status != 200 for one in ill)
    wrong = sum(one.status == 200 and not one.right for one in ill)
    waited = f"{opened - began:.2f}" if opened else "never"
    cells = [illness, len(ill), errors, wrong, f"{p50:.1f}, {p99:.1f}"]
    cells += [f"{percentile(ill, 1):.0f} ms", waited, f"{then:.1f}", f"{then / p99:.2f}"]
    return f"| {' | '.join(map(str, cells))} |"


def _ill(servers, store, illness):
    words = {"late by 2 s": "late", "wrong bytes": "wrong"}
    numbers = {"killed": signal.SIGKILL, "hanging": signal.SIGSTOP}
    if illness in words:
        servers.ill(store.name, words[illness])
    else:
        _signal(store, numbers[illness])


def _well(servers, store, illness):
    servers.ill(store.name, "")
    if illness == "hanging":
        _signal(store, signal.SIGCONT)


def _signal(store, number):
    for pid in family(store.process.pid):
        os.kill(pid, number)
