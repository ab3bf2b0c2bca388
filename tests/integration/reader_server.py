"""A read service in its own process, on shards that lie on this disk or on real stores."""

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from config.local.ports import free_port_block
from config.local.runner import Running, started
from config.local.shoebox import Shoebox
from tests.unit.webapp.reader.world import ZONES, World
from webapp.storage.directory import DirectoryStore

SIGNING_KEYS = "k1:" + "11" * 32  # what World signs with


@dataclass
class Server:
    """A running read service and a client of it."""

    client: httpx.Client
    port: int
    running: Running

    def get(self, path, **options):
        return self.client.get(path, **options)

    @property
    def log(self):
        return self.running.service.log.read_text(encoding="utf-8")

    def until(self, condition: Callable[[], object], *, seconds=10.0):
        """Wait until a condition holds; return how long that took."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"not within {seconds} s\n{self.log[-2000:]}")
            time.sleep(0.02)
        return time.monotonic() - began

    def sample(self, name, **labels):
        """Return the value of a metric, 0 when there is none."""
        wanted = name + "{" + ",".join(f'{k}="{labels[k]}"' for k in sorted(labels)) + "}"
        for line in self.get("/metrics").text.splitlines():
            if line.startswith(wanted if labels else name + " "):
                return float(line.rpartition(" ")[2])
        return 0.0


def directory_world(folder: Path) -> World:
    """Make four empty folders into shards."""
    roots = {name: folder / name for name in ZONES}
    for root in roots.values():
        root.mkdir()
    stores = {name: DirectoryStore(name, root) for name, root in roots.items()}
    return World(stores, folder, {n: f"file://{root}" for n, root in roots.items()}).found()


@contextmanager
def read_service(world: World, **settings):
    """Run a read service on a world."""
    with _server(world, Shoebox.read_service, settings) as server:
        yield server


@contextmanager
def render_process(world: World, **settings):
    """Run what makes sizes on demand, on a world; here it steps back behind nobody."""
    described = partial(Shoebox.render_process, nice=0)
    with _server(world, described, settings) as server:
        yield server


@contextmanager
def _server(world: World, describe, settings):
    port = free_port_block()
    environment = {
        "SHOEBOX_PROFILE": "embedded",
        "SHOEBOX_DATA": str(world.folder),
        "SHOEBOX_SIGNING_KEYS": SIGNING_KEYS,
        "SHOEBOX_DRAIN_SECONDS": "0",
        **{f"SHOEBOX_{name.upper()}": str(value) for name, value in settings.items()},
    }
    service = describe(Shoebox(environment=environment, logs=world.folder), port=port)
    with (
        started(service) as [running],
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=100) as client,
    ):
        yield Server(client, port, running)
