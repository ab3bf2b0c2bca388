"""A rebalance and a drain are killed with -9 at random moments and run again; reads go on.

A second read service looks for news once a minute only. It is behind all the while, and whatever
it does not find it calls unknown, never missing.
"""

import os
import random
import signal
import subprocess
import threading

import pytest

from config.local.ports import free_port_block
from tests import samples
from tests.drills.reading import reads_go_on
from tests.processes import wait_until
from tests.system import system_run
from webapp.core.ids import id_parse

SEEDS = int(os.environ.get("DRILL_SEEDS", "1"))
"""Each seed is one growth, one rebalance and one drain more of the same system."""
FIRST_SEED = int(os.environ.get("DRILL_FIRST_SEED", "6"))
STALE = "read-stale"
# Only how long things take, in the proportions they have: a version is known, a copy that stood
# in goes, only after a reader that heard nothing has stopped to be sure.
QUICK = {
    "SHOEBOX_HANDOFF_GRACE_SECONDS": "4",
    "SHOEBOX_ACTIVATION_SECONDS": "3",
    "SHOEBOX_TOPOLOGY_UNCONFIRMED": "3",
}
VERSION_SECONDS = 60
IMAGES = 3
KILLS = 2


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Give a system of its own: what moves here stays moved."""
    yield from system_run("embedded", tmp_path_factory.mktemp("moves"), **QUICK)


@pytest.fixture(scope="module")
def stale(own):
    """Give the port of a read service that looks for news once a minute."""
    port = free_port_block(1)
    own.add(own.profile.shoebox.read_service(port=port, name=STALE))
    own.change_one(STALE, SHOEBOX_TOPOLOGY_POLL="60")
    own.start(STALE)
    yield port
    own.forget(STALE)


class Behind:
    """Reads from the stale service until told to end; collects what it must not say."""

    def __init__(self, client, port, images):
        self.wrong = []
        self.answers = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(client, port, images))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self, client, port, images):
        while not self._over.wait(0.2):
            for image in images:
                answer = client.read(image["links"]["original"], port=port)
                self.answers += 1
                if answer.status_code not in {200, 503}:
                    self.wrong.append((image["id"], answer.status_code, answer.text[:200]))


def kill_after(system, seconds, *words):
    """Run a command and kill it; return whether it had come to its end by itself."""
    process = subprocess.Popen(
        system.profile.shoebox.manage(*words),
        env=system.manage_environ(),
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


def wait_version(running, version):
    """Wait until uploads are named under a version."""
    wait_until(
        lambda: any(id_parse(i["id"]).version >= version for i in running.acknowledged),
        seconds=VERSION_SECONDS,
        what=f"version {version}",
    )


@pytest.fixture(scope="module")
def images(own):
    """Give images from before the first move, and of every seed those it added."""
    return [own.client.store_ready(samples.jpeg()) for _ in range(IMAGES)]


@pytest.fixture
def grown(own, images, seed):
    """Add a shard; give the version of before and the one with it."""
    before = max(id_parse(image["id"]).version for image in images)
    folder = own.profile.data / f"new{seed}"
    folder.mkdir()
    number = seed - FIRST_SEED
    own.manage("shard", "add", f"n{seed}", f"file://{folder}", "--zone", f"z{number % 2 + 1}")
    own.know_shard(f"n{seed}", f"file://{folder}")
    own.manage("shard", "activate", f"n{seed}")
    return before, before + 1


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_moves_that_are_killed_lose_nothing(own, load, stale, images, grown, seed):
    client, chance, (old, new) = own.client, random.Random(seed), grown
    going = own.shard_names[seed - FIRST_SEED]
    moves = ("rebalance", "--from", str(old), "--to", str(new))
    with (
        reads_go_on(client, images),
        Behind(client, stale, images) as behind,
        load(own, pause=2.0) as running,
    ):
        wait_version(running, new)
        assert "copies" in own.manage(*moves)
        run_killed(own, chance, *moves, "--apply")
        run_killed(own, chance, "shard", "drain", going, "--apply")
        wait_version(running, new + 1)
    assert behind.wrong == []
    assert behind.answers
    assert is_dead(own, going)
    running.assert_healed(*images)
    images.append(client.store_ready(samples.jpeg()))


def is_dead(system, name):
    rows = [row.split() for row in system.manage("shard", "list").splitlines()]
    return next(row[3] for row in rows if row[0] == name) == "dead"
