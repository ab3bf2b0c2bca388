"""Two read services on four directories, behind the nginx edge: each in a process of its own."""

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest

from config.local.ports import free_port_block
from config.local.runner import started
from config.local.servers import Nginx
from config.local.service import MissingServerError
from tests.integration.reader_server import Server, directory_world, read_service
from tests.processes import is_dead, wait_until
from tests.unit.webapp.reader.world import World

SECONDS = 60  # nothing takes as long; another run may have the machine


@dataclass
class Edge:
    """A running edge, its readers, and a client of it."""

    world: World
    readers: list[Server]
    nginx: Nginx
    client: httpx.Client

    @property
    def port(self):
        return self.nginx.read_port

    def get(self, path, **options):
        return self.client.get(path, **options)

    def asked(self):
        """Return how many images the readers have sent."""
        pattern = r'reader_requests_total\{cache="\w+",status="200"\} ([\d.]+)'
        texts = [reader.get("/metrics").text for reader in self.readers if reader.running.alive]
        return sum(float(count) for text in texts for count in re.findall(pattern, text))

    def end(self, reader):
        """Have a reader end as an operator would, and wait until it has."""
        reader.running.stop()
        wait_until(lambda: is_dead(reader.running.pid), seconds=SECONDS, what="the end")

    @property
    def log(self):
        return (self.nginx.directory / "access.log").read_text(encoding="utf-8")


@contextmanager
def edge_run(folder, *, readers=2, settings=None, **changed):
    """Run an edge in front of read services.

    Args:
        folder: Of everything.
        readers: How many.
        settings: Of the read services.
        changed: Words of the edge's template.
    """
    world = directory_world(folder)
    port = free_port_block(4)
    with ExitStack() as stack:
        running = [
            stack.enter_context(read_service(world, **settings or {})) for _ in range(readers)
        ]
        nginx = Nginx(
            directory=folder / "nginx",
            write_port=port,
            read_port=port + 1,
            writers=(running[0].port,),
            readers=tuple(reader.port for reader in running),
            inner_port=port + 2,
            tls_port=port + 3,
            changed={"EDGE_ACCESS_LOG": "access.log shoebox", **changed},
        )
        try:
            stack.enter_context(started(nginx.service()))
        except MissingServerError as missing:
            pytest.skip(str(missing))
        client = httpx.Client(base_url=f"http://127.0.0.1:{port + 1}", trust_env=False)
        yield Edge(world, running, nginx, stack.enter_context(client))
