"""Hits and misses: requests per second and processor time beside the least that could do it."""

import os

from bench.read.load import Load, Server, compared
from bench.read.worlds import MEDIUM, SMALL, folder_world, images, listed, store_world

MANY = 200


def memory(servers, folder, options):
    world = folder_world(folder / "world")
    reader = servers.reader("reader", world)
    nginx, files = servers.nginx("nginx static")
    head()
    for size, label in ((SMALL, "15 KB"), (MEDIUM, "300 KB")):
        path = next(iter(images(world, 1, size=size)))
        (files / str(size // 1000)).write_bytes(os.urandom(size))
        bare = servers.bare(f"bare ASGI, {label}", "memory", BARE_BYTES=str(size))
        rows = [
            (bare, Load()),
            (_named(nginx, f"nginx static, {label}"), Load(f"/{size // 1000}")),
            (_named(reader, f"memory hit, {label}"), Load(path)),
        ]
        if size == SMALL:
            tag = (f'If-None-Match: "{path[1:]}"',)
            rows.append((_named(reader, "304"), Load(path, headers=tag)))
        table(rows, options, base=bare.name)


def directory(servers, folder, options):
    world = folder_world(folder / "world")
    paths = _many(world)
    reader = servers.reader("miss, directory", world, reader_cache_bytes=0)
    first = paths.read_text().split()[0]
    bare = servers.bare(
        "bare ASGI that reads the file",
        "directory",
        BARE_ROOT=str(world.folder / "a1"),
        BARE_TRY=first,
    )
    head()
    table([(bare, Load(paths=paths)), (reader, Load(paths=paths))], options, base=bare.name)


def s3(servers, folder, options):
    world, stores = store_world(folder / "world", servers)
    paths = _many(world)
    reader = servers.reader("miss, S3", world, reader_cache_bytes=0)
    first = paths.read_text().split()[0]
    address = f"http://127.0.0.1:{stores['a1'].port}/bench"
    bare = servers.bare("bare ASGI with obstore", "s3", BARE_STORE=address, BARE_TRY=first)
    head()
    table([(bare, Load(paths=paths)), (reader, Load(paths=paths))], options, base=bare.name)


def processes(servers, folder, options):
    """Misses, of which one costs many times what wrk takes for it on the core they share."""
    world = folder_world(folder / "world")
    load = Load(paths=_many(world))
    told = {"reader_cache_bytes": 0}
    rows = [
        (servers.reader("miss, one process", world, **told), load),
        (servers.reader("miss, two processes", world, workers=2, core="0,1", **told), load),
    ]
    head()
    table(rows, options, base=rows[0][0].name)


def head():
    print("| what | requests/s | CPU µs | ratio | to | ratio of CPU |\n|---|---|---|---|---|---|")


def table(rows, options, *, base):
    measured = compared(rows, rounds=options.rounds, seconds=options.seconds)
    base_rate, base_cpu = measured[base]
    for name, (rate, cpu) in measured.items():
        cells = f"{rate:.0f} | {cpu:.0f} | {rate / base_rate:.2f} | {base} | {base_cpu / cpu:.2f}"
        print(f"| {name} | {cells} |", flush=True)


def _many(world):
    """Store as many images on every shard that one may be asked for each."""
    return listed(world.folder / "paths.txt", images(world, MANY))


def _named(server, name):
    return Server(name, server.port, server.process)
