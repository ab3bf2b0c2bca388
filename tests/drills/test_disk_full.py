"""A disk fills up: uploads go on elsewhere, and the shard takes nothing new by itself."""

import os
import shutil
import subprocess

import pytest

from tests import samples
from tests.processes import wait_until
from tests.system import system_make

DISK_BYTES = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """An embedded system, one shard of which has a very small disk."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root mounts a small disk")
    folder = tmp_path_factory.mktemp("full")
    system = system_make("embedded", folder)
    disk = system.profile.shard_folders[0]
    disk.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    try:
        system.begin()
        yield system
    finally:
        system.end()
        subprocess.run(["umount", str(disk)], check=True)


def state_of(system, name):
    rows = [row.split() for row in system.manage("shard", "list").splitlines()]
    return next(row[3] for row in rows if row[0] == name)


def test_uploads_go_on_and_a_full_disk_takes_nothing_new(system, load):
    client, stored = system.client, []

    def closed():
        answer = client.upload(samples.jpeg(width=1600, height=1200))
        assert answer.status_code == 201, answer.text
        stored.append(answer.json())
        return "s1" in degraded(system)

    with load(system, pause=2.0) as running:
        wait_until(closed, seconds=180, what="the full shard to be seen")
        wait_until(lambda: state_of(system, "s1") == "read_only", seconds=60, what="read_only")
        running.wait_more(1)
    assert "takes no new" in degraded(system)["s1"] or "read_only" in degraded(system)["s1"]
    running.assert_read_back(*stored)


def degraded(system):
    answer = system.client.call("GET", "/readyz").json()["reasons"]
    return {name.removeprefix("shard:"): reason for name, reason in answer.items()}
