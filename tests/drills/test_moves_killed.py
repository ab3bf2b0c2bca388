"""A rebalance and a drain are killed with -9 at random moments and run again; reads go on."""

import os
import random
import signal
import subprocess

import pytest

from tests import samples
from tests.drills.reading import reads_go_on
from tests.processes import wait_until
from tests.system import system_run
from webapp.core.ids import id_parse

SEED = 6
GRACE_SECONDS = 2
VERSION_SECONDS = 60
IMAGES = 4
KILLS = 2


@pytest.fixture
def own(tmp_path_factory):
    """Give a system of its own: what moves here stays moved."""
    grace = {"SHOEBOX_HANDOFF_GRACE_SECONDS": str(GRACE_SECONDS)}
    yield from system_run("embedded", tmp_path_factory.mktemp("moves"), **grace)


def kill_after(system, seconds, *words):
    """Run a command and kill it; return whether it had come to its end by itself."""
    process = subprocess.Popen(
        system.profile.shoebox.manage(*words),
        env={**system.profile.shoebox.environ(), **system.settings, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(timeout=seconds) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False


def run_killed(system, chance, *words):
    """Kill a command again and again at random moments, then let it come to its end."""
    for _ in range(KILLS):
        if kill_after(system, chance.uniform(1.0, 6.0), *words):
            break
    return system.manage(*words)


def version_of(client):
    return id_parse(client.store(samples.jpeg())["id"]).version


def test_moves_that_are_killed_lose_nothing(own):
    client, chance = own.client, random.Random(SEED)
    images = [client.store_ready(samples.jpeg()) for _ in range(IMAGES)]
    for number in (1, 2):
        folder = own.profile.data / f"new{number}"
        folder.mkdir()
        own.manage("shard", "add", f"n{number}", f"file://{folder}", "--zone", f"z{number}")
    own.manage("shard", "activate", "n1", "n2")
    with reads_go_on(client, images):
        wait_until(lambda: version_of(client) == 1, seconds=VERSION_SECONDS, what="version 1")
        assert "copies" in own.manage("rebalance", "--from", "0", "--to", "1")
        run_killed(own, chance, "rebalance", "--from", "0", "--to", "1", "--apply")
        run_killed(own, chance, "shard", "drain", "s1", "--apply")
    assert "dead" in own.manage("shard", "list")
    for image in images:
        positions = client.positions(image["id"])
        assert {n for n, p in positions.items() if p["state"] == "present"} == {
            name for name, position in positions.items() if position["role"] == "home"
        }
        client.read_everything(image)
    client.read_everything(client.store_ready(samples.jpeg()))
