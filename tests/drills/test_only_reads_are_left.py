"""Database, broker, relay, workers and the write service stopped: every ready image still reads."""

import pytest

from tests import samples

pytestmark = [pytest.mark.real, pytest.mark.drill, pytest.mark.timeout(400)]

PROFILES = ("embedded", "cluster")


@pytest.fixture(params=PROFILES)
def system(request):
    return request.getfixturevalue(request.param)


def test_every_ready_image_reads_while_only_readers_and_shards_run(system):
    ready = [system.client.store_ready(make()) for make in (samples.jpeg, samples.png_with_alpha)]
    needless = [name for name in system.servers if name not in system.shard_names]
    others = [name for name in system.processes if name != "read"]
    system.kill(*others, *(name for name in needless if name != "postgres"))
    if "postgres" in needless:
        system.stop("postgres")
    for image in ready:
        system.client.read_everything(image)

    system.kill("read")
    system.start("read")
    for image in ready:
        system.client.read_everything(image)
