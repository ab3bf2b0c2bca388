"""The clock of one machine is an hour ahead: it does harm to nobody, and erases nothing by date."""

import os
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests import samples
from tests.processes import wait_until

HOUR = 3600
WRONG = "worker-wrong"
QUEUES = "renditions,replication,maintenance"
ERASED_SECONDS = 60
READ_SECONDS = 60


def clock_of(env, seconds=HOUR):
    """Return the environment of a process whose clock is wrong."""
    folder = str(Path(__file__).parent / "clock")
    path = os.pathsep.join([folder, env["PYTHONPATH"]])
    return {"PYTHONPATH": path, "DRILL_CLOCK_SECONDS": str(seconds)}


@pytest.fixture
def system(cluster):
    """Give the profile that may have several machines."""
    return cluster


@pytest.fixture
def machine(system):
    """Start one more worker of every queue, on a machine whose clock is an hour ahead."""
    worker = system.profile.shoebox.worker(QUEUES, processes=1, name=WRONG)
    system.add(replace(worker, env={**worker.env, **clock_of(worker.env)}))
    system.start(WRONG)
    yield system
    system.forget(WRONG)


def test_everything_is_stored_and_goes_home_beside_a_machine_whose_clock_is_wrong(machine, load):
    client = machine.client
    deleted, erased = (client.store_ready(samples.jpeg()) for _ in range(2))
    with load(machine) as running:
        running.wait_more(3)
        client.delete(deleted["id"])
        answer = client.call("DELETE", f"/api/v1/images/{erased['id']}?erase=true")
        assert answer.status_code == 204
        running.wait_more(5)
    running.assert_healed()
    come_back(client, deleted)
    wait_until(
        lambda: client.read(erased["links"]["original"]).status_code in {404, 410},
        seconds=ERASED_SECONDS,
        what="the erased image to be refused",
    )


def come_back(client, image):
    """Restore an image; readers learn of it when they look next."""
    client.restore(image["id"])
    client.wait_ready(image["id"])
    wait_until(
        lambda: client.read(image["links"]["original"]).status_code == httpx.codes.OK,
        seconds=READ_SECONDS,
        what="the image to be read again",
    )
    client.read_everything(client.image(image["id"]))


def test_nothing_is_erased_by_date_on_a_machine_whose_clock_is_wrong(system):
    client = system.client
    image = client.store_ready(samples.jpeg())
    client.delete(image["id"])
    env = clock_of(system.manage_environ(), seconds=40 * 24 * HOUR)
    said = system.manage("reap", "--apply", status=1, **env)
    assert "clocks differ" in said
    come_back(client, image)
