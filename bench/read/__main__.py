"""``python -m bench.read``: the read service beside the least that could do the same.

Server on one core, wrk on the other, every figure the median of rounds in which all are asked in
turn. Prints the table of docs/benchmarks.md.
"""

import argparse
import os
import tempfile
from pathlib import Path

from bench.read.load import Load, Server, compared
from bench.read.servers import Servers
from tests.integration.reader_server import directory_world

MANY = 200
SMALL, MEDIUM = 15_000, 300_000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--port", type=int, default=22400, help="first of 100 free ports")
    parser.add_argument("--only", default="", help="memory or directory")
    told = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name, Servers(Path(name), told.port) as servers:
        bench = Bench(servers, Path(name), told)
        for part in ("memory", "directory"):
            if told.only in {"", part}:
                getattr(bench, part)()
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


class Bench:
    """The comparisons."""

    def __init__(self, servers, folder, told):
        self.servers = servers
        self.folder = folder
        self.told = told
        self.world = directory_world(_made(folder / "world"))
        print("| what | requests/s | CPU µs | ratio | to |\n|---|---|---|---|---|")

    def table(self, rows, *, base):
        measured = compared(rows, rounds=self.told.rounds, seconds=self.told.seconds)
        for name, (rate, cpu) in measured.items():
            part = rate / measured[base][0]
            print(f"| {name} | {rate:.0f} | {cpu:.0f} | {part:.2f} | {base} |", flush=True)

    def memory(self):
        reader = self.servers.reader("reader", self.world)
        nginx, files = self.servers.nginx("nginx static")
        for size, label in ((SMALL, "15 KB"), (MEDIUM, "300 KB")):
            image = self.world.image(os.urandom(size))
            (files / str(size // 1000)).write_bytes(os.urandom(size))
            bare = self.servers.bare(f"bare ASGI, {label}", "memory", BARE_BYTES=str(size))
            rows = [
                (bare, Load()),
                (_named(nginx, f"nginx static, {label}"), Load(f"/{size // 1000}")),
                (_named(reader, f"memory hit, {label}"), Load(f"/{image}")),
            ]
            if size == SMALL:
                tag = (f'If-None-Match: "{image}"',)
                rows.append((_named(reader, "304"), Load(f"/{image}", headers=tag)))
                peer = self.servers.django("Django FileResponse, 15 KB", files)
                rows.append((peer, Load("/15")))
            self.table(rows, base=bare.name)

    def directory(self):
        paths = self._many(self.world)
        reader = self.servers.reader("miss, directory", self.world, reader_cache_bytes=0)
        root = self.world.folder / "a1"
        first = paths.read_text().split()[0]
        bare = self.servers.bare(
            "bare ASGI that reads the file", "directory", BARE_ROOT=str(root), BARE_TRY=first
        )
        self.table([(bare, Load(paths=paths)), (reader, Load(paths=paths))], base=bare.name)

    def _many(self, world):
        """Store as many images on every shard that one may be asked for each."""
        paths = world.folder / "paths.txt"
        names = []
        for _ in range(MANY):
            image, data = world.image(b""), os.urandom(SMALL)
            for shard in world.stores:
                world.put_on(shard, image, "original", data)
            names.append(f"/{image}")
        paths.write_text("\n".join(names))
        return paths


def _made(folder):
    folder.mkdir()
    return folder


def _named(server, name):
    return Server(name, server.port, server.process)


if __name__ == "__main__":
    main()
