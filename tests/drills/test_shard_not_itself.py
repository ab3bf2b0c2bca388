"""A shard's folder is emptied, or swapped with another's: it is unreachable, not empty."""

from contextlib import contextmanager

import pytest

from tests import samples
from tests.processes import wait_until

IMAGES = 6
NOTICED_SECONDS = 60


@pytest.fixture(scope="module")
def ready(embedded_system):
    """Give ready images; whatever two shards hold of them, a third has the original."""
    client = embedded_system.client
    stored = [client.store(samples.jpeg())["id"] for _ in range(IMAGES)]
    return [client.wait_ready(image_id) for image_id in stored]


@pytest.fixture
def system(embedded):
    """Give a system whose read service remembers nothing and suspects nothing."""
    embedded.kill("read")
    embedded.start("read")
    return embedded


@contextmanager
def emptied(system):
    """Let a shard be what a folder is when its disk is not mounted; give that folder."""
    folder = system.profile.shard_folders[0]
    away = folder.with_name("unmounted")
    folder.rename(away)
    folder.mkdir()
    try:
        yield folder
    finally:
        folder.rmdir()  # fails when something was written there
        away.rename(folder)


@contextmanager
def swapped(system):
    """Let two shards lie where the other one should; give the two folders."""
    one, two = system.profile.shard_folders[0], system.profile.shard_folders[2]
    swap(one, two)
    try:
        yield one, two
    finally:
        swap(one, two)


def swap(one, two):
    between = one.with_name("between")
    one.rename(between)
    two.rename(one)
    between.rename(two)


def unreachable(system):
    answer = system.client.read(f"{system.environment['SHOEBOX_READ_URL']}/readyz")
    return set(answer.json()["shards"]["unreachable"])


def wait_unreachable(system, *names):
    wait_until(
        lambda: unreachable(system) == {*names},
        seconds=NOTICED_SECONDS,
        what=f"{names or 'no shard'} to be unreachable",
    )


def files(*folders):
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}


def test_everything_reads_from_the_first_moment_a_shard_is_emptied(system, ready):
    with emptied(system):
        for image in ready:
            system.client.read_everything(image)
        wait_unreachable(system, "s1")
    wait_unreachable(system)


def test_uploads_go_elsewhere_and_become_ready_while_a_shard_is_emptied(system, load):
    with load(system) as running:
        with emptied(system) as folder:
            running.wait_more(IMAGES)
            for image in running.acknowledged[:IMAGES]:
                system.client.read_everything(system.client.wait_ready(image["id"]))
            assert list(folder.iterdir()) == []
        running.wait_more(1)
    running.assert_healed()


def test_every_original_reads_from_the_first_moment_two_shards_are_swapped(system, ready):
    with swapped(system):
        for image in ready:
            system.client.read_original(image)
        wait_unreachable(system, "s1", "s3")
        for image in ready:
            system.client.read_original(image)
    wait_unreachable(system)


def test_nothing_is_written_to_shards_that_are_swapped(system):
    with swapped(system) as folders:
        before = files(*folders)
        stored = [system.client.store(samples.jpeg()) for _ in range(IMAGES)]
        assert all(set(image["replicas"]["stored"]) == {"s2", "s4"} for image in stored)
        for image in stored:
            system.client.wait_ready(image["id"])
        assert files(*folders) == before


def test_a_name_that_is_nowhere_is_not_called_missing_while_two_shards_are_swapped(system, ready):
    absent = ready[0]["links"]["original"].replace(ready[0]["id"], f"p000{'0' * 20}")
    with swapped(system):
        assert system.client.read(absent).status_code == 503
    wait_unreachable(system)
    assert system.client.read(absent).status_code == 404
