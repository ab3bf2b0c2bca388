"""The edge's hits beside those of an nginx that does nothing else, on the same files."""

import os
from contextlib import ExitStack
from dataclasses import replace

import httpx

from bench.read.load import Load, compared, server
from bench.read.servers import Servers
from config.local.servers import Nginx
from tests.integration.reader_server import directory_world

SIZES = {"15 KB": 15_000, "300 KB": 300_000}
OWN = """
proxy_cache_path cache levels=1:2 keys_zone=own:32m max_size=1g inactive=10m use_temp_path=off;
upstream files {{ server 127.0.0.1:{static}; keepalive 64; }}
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass http://files;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_cache own;
        proxy_cache_valid 200 60s;
    }}
}}
"""


class Cached:
    """The servers that are compared, until the block ends."""

    def __init__(self, folder, first_port):
        self._folder = folder
        self._first_port = first_port
        self._stack = ExitStack()

    def __enter__(self):
        servers = self._stack.enter_context(Servers(self._folder, self._first_port))
        self._world = directory_world(_made(self._folder / "world"))
        reader = servers.reader("reader", self._world)
        self._static, self._files = servers.nginx("nginx static")
        self._edge = self._nginx("edge", servers, reader.port)
        self._own = self._nginx("own", servers, reader.port, static=self._static.port)
        self._same = self._nginx("same", servers, reader.port, static=reader.port)
        return self

    def __exit__(self, *raised):
        return self._stack.__exit__(*raised)

    def print(self, *, rounds, seconds):
        print("| what | requests/s | CPU µs | ratio |\n|---|---|---|---|")
        for label, size in SIZES.items():
            image = self._world.image(os.urandom(size))
            (self._files / str(image)).write_bytes(os.urandom(size))
            rows = [
                (replace(one, name=f"{name}, {label}"), Load(f"/{image}"))
                for name, one in (
                    ("nginx proxy_cache in front of nginx static", self._own),
                    ("the same in front of a reader, so with its headers", self._same),
                    ("the edge, cached", self._edge),
                    ("nginx static", self._static),
                )
            ]
            for one, load in rows:
                url = f"http://127.0.0.1:{one.port}{load.path}"
                assert len(httpx.get(url, trust_env=False).content) == size
            measured = compared(rows, rounds=rounds, seconds=seconds)
            base = measured[rows[0][0].name][0]
            for name, (rate, cpu) in measured.items():
                print(f"| {name} | {rate:.0f} | {cpu:.0f} | {rate / base:.2f} |", flush=True)

    def _nginx(self, name, servers, reader_port, *, static=0):
        """Run nginx as the cluster profile does; with ``static``, with its own cache alone."""
        described = Nginx(
            directory=self._folder / name,
            write_port=servers.port(),
            read_port=servers.port(),
            writers=(reader_port,),
            readers=(reader_port,),
            inner_port=servers.port(),
            # One address asks for all.
            changed={"EDGE_READS_PER_SECOND": "1000000"},
        )
        service = described.service()
        service.prepare()
        if static:
            text = OWN.format(static=static, port=described.read_port)
            (described.directory / "edge.conf").write_text(text)
        log = self._folder / f"{name}.log"
        return self._stack.enter_context(
            server(name, described.read_port, service.command, log=log)
        )


def _made(folder):
    folder.mkdir()
    return folder
