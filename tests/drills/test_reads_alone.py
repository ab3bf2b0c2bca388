"""Database, broker, relay, workers and write service are gone: reads go on."""

from dataclasses import dataclass, replace

import pytest

from tests import samples
from tests.client import rendition_links
from tests.processes import wait_until


@dataclass(frozen=True, kw_only=True)
class Alone:
    """A read service and its shards, and nothing else; what was ready or deleted before."""

    system: object
    ready: list
    deleted: dict


@pytest.fixture(scope="module", params=["embedded_system", "cluster_system"])
def alone(request):
    system = request.getfixturevalue(request.param)
    client = system.client
    ways = [samples.jpeg, samples.png_with_alpha, samples.heic]
    stored = [client.store(make())["id"] for make in ways]
    stored.append(client.store(samples.jpeg(), kind="signed")["id"])
    deleted = client.store_ready(samples.jpeg())
    ready = [client.wait_ready(image_id) for image_id in stored]
    client.delete(deleted["id"])
    wait_until(
        lambda: client.read(deleted["links"]["original"]).status_code == 410,
        seconds=60,
        what="the deletion to be known",
    )
    keep = {"read", *system.shard_names}
    names = (*system.processes, *system.servers)
    system.kill(*(name for name in names if name not in keep))
    yield Alone(system=system, ready=ready, deleted=deleted)
    system.settle()


@pytest.fixture
def restarted(alone):
    """Give the read service back after a kill, told of no shard: only its files can tell it."""
    system, described = alone.system, alone.system.described("read")
    env = {**described.env, "SHOEBOX_SEED_SHARDS": ""}
    system.kill("read")
    system.add(replace(described, name="read-from-files", env=env))
    system.start("read-from-files")
    yield alone
    system.forget("read-from-files")


def read_all(alone):
    for image in alone.ready:
        alone.system.client.read_everything(image)


def test_every_ready_image_reads_while_all_but_shards_and_read_service_are_stopped(alone):
    read_all(alone)


def test_a_deleted_image_stays_deleted_meanwhile(alone):
    links = [alone.deleted["links"]["original"], *rendition_links(alone.deleted).values()]
    assert {alone.system.client.read(url).status_code for url in links} == {410}


def test_they_read_after_the_read_service_was_restarted_from_its_local_files(restarted):
    read_all(restarted)


def test_a_deleted_image_stays_deleted_after_such_a_restart(restarted):
    url = restarted.deleted["links"]["original"]
    assert restarted.system.client.read(url).status_code == 410
