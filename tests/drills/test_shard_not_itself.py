"""A shard's folder emptied, or swapped with another's: it is unreachable, not empty."""

import pytest

from tests import samples
from tests.processes import wait_until

pytestmark = [pytest.mark.real, pytest.mark.drill, pytest.mark.timeout(400)]

IMAGES = 6


@pytest.fixture
def ready(embedded):
    return [embedded.client.store_ready(samples.jpeg()) for _ in range(IMAGES)]


def read_all_anew(system, images):
    """Read everything with a reader that remembers nothing."""
    system.kill("read")
    system.start("read")
    for image in images:
        system.client.read_everything(image)


def unreachable(system):
    answer = system.client.read(f"{system.environment['SHOEBOX_READ_URL']}/readyz")
    return set(answer.json()["shards"]["unreachable"])


def test_an_emptied_shard_is_unreachable_and_takes_no_write(embedded, ready):
    folder = embedded.profile.shard_folders[0]
    away = folder.with_name("unplugged")
    folder.rename(away)
    folder.mkdir()
    try:
        read_all_anew(embedded, ready)
        wait_until(lambda: unreachable(embedded) == {"s1"}, seconds=20, what="s1 unreachable")
        more = [embedded.client.store(samples.jpeg()) for _ in range(IMAGES)]
        assert all(len(image["replicas"]["stored"]) >= 2 for image in more)
        assert list(folder.iterdir()) == []
    finally:
        folder.rmdir()
        away.rename(folder)
    wait_until(lambda: not unreachable(embedded), seconds=20, what="s1 to be itself again")
    for image in more:
        embedded.client.read_everything(embedded.client.wait_ready(image["id"]))


def test_two_swapped_shards_are_unreachable_and_nothing_that_exists_is_missing(embedded, ready):
    one, two = embedded.profile.shard_folders[:2]
    swap(one, two)
    try:
        wait_until(lambda: unreachable(embedded) == {"s1", "s2"}, seconds=20, what="both away")
        embedded.kill("read")
        embedded.start("read")
        for image in ready:
            embedded.client.read_original(image)
        before = [sorted(folder.rglob("original")) for folder in (one, two)]
        stored = embedded.client.store(samples.jpeg())["replicas"]["stored"]
        assert set(stored) == {"s3", "s4"}
        assert [sorted(folder.rglob("original")) for folder in (one, two)] == before
    finally:
        swap(one, two)
    wait_until(lambda: not unreachable(embedded), seconds=20, what="both to be themselves again")


def swap(one, two):
    between = one.with_name("between")
    one.rename(between)
    two.rename(one)
    between.rename(two)
