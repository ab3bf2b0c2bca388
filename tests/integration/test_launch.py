"""The embedded profile as `make run` starts it: one line when it cannot, a photo when it can."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from config.local.ports import free_port_block
from config.local.processes import session_members

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = ("WRITE_PORT", "READ_PORT", "FLOWER_PORT", "VALKEY_PORT", "METRICS_PORT")

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """An environment that moves the profile to free ports and a folder of its own."""
    first = free_port_block(len(VARIABLES) + 1)  # metrics are on two
    ports = {name: str(first + index) for index, name in enumerate(VARIABLES)}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SHOEBOX_")}
    return {**inherited, **ports, "SHOEBOX_DATA": str(tmp_path_factory.mktemp("data"))}


def command():
    return [sys.executable, "-m", "config.local", "embedded"]


def run(environ):
    return subprocess.run(
        command(), cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def start(environ):
    return subprocess.Popen(
        command(),
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until_up(process):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "up and running" in line:
            return "".join(lines)
    pytest.fail("".join(lines))


@pytest.fixture(scope="module")
def launched(moved):
    """The running profile, and what it said until it was up."""
    process = start(moved)
    try:
        yield process, read_until_up(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def mentions(text):
    """Ids of live processes whose command line or environment holds ``text``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in told and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def test_a_start_ends_in_the_table_of_the_first_photo(launched):
    _process, said = launched
    steps = ("picture made", "upload answered", "ready", "original read back", "Where it lies")
    assert [step for step in steps if step not in said] == []


def test_three_replicas_lie_in_two_zones(launched):
    _process, said = launched
    rows = [line.split() for line in said.splitlines() if " home " in line]
    assert (len(rows), len({row[1] for row in rows})) == (3, 2)


def test_credentials_are_for_their_owner_alone(launched, moved):
    path = Path(moved["SHOEBOX_DATA"]) / "credentials"
    names = [line.partition("=")[0] for line in path.read_text().splitlines()]
    assert names[:3] == ["username", "password", "token"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_index_is_for_its_owner_alone(launched, moved):
    files = Path(moved["SHOEBOX_DATA"]).glob("index.sqlite3*")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
    assert modes == dict.fromkeys(modes, 0o600)
    assert "index.sqlite3-wal" in modes


def test_a_second_start_on_the_same_data_says_so_in_one_line(launched, moved):
    refused = run(moved)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "already running" in refused.stderr


def test_a_busy_port_is_said_in_one_line_before_anything_starts(moved, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run({**moved, "SHOEBOX_DATA": str(tmp_path), "VALKEY_PORT": port})
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"port {port}, wanted by valkey, is in use" in refused.stderr


def test_a_stop_takes_everything_along_and_the_next_start_finds_its_data(launched, moved):
    process, _said = launched
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert (process.returncode, mentions(moved["SHOEBOX_DATA"])) == (0, [])
    assert time.monotonic() - began < 10
    again = start(moved)
    read_until_up(again)
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=30)
    assert (again.returncode, session_members(again.pid)) == (0, [])


@pytest.fixture(scope="module")
def renamed(launched, moved):
    """The same profile, started again after its folder was renamed, and that folder."""
    process, _said = launched
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    data = Path(moved["SHOEBOX_DATA"])
    data = data.rename(data.with_name("renamed"))
    again = start({**moved, "SHOEBOX_DATA": str(data)})
    try:
        read_until_up(again)
        yield again, data
    finally:
        again.send_signal(signal.SIGINT)
        again.communicate(timeout=30)


def test_a_folder_that_was_renamed_is_found_with_all_that_is_in_it(launched, renamed, moved):
    _process, said = launched
    page = next(line.split()[-1] for line in said.splitlines() if "this photo" in line)
    image = page.rpartition("/")[2]
    url = f"http://127.0.0.1:{moved['READ_PORT']}/{image}"
    assert httpx.get(url, trust_env=False, timeout=30).headers["Content-Type"] == "image/jpeg"
    _again, data = renamed
    topology = json.loads((data / "topology.json").read_text())["topology"]
    urls = [shard["url"] for shard in topology["shards"].values()]
    assert urls == [f"file://{data}/shards/s{number}" for number in range(1, 5)]


def test_nothing_goes_on_when_the_supervisor_is_killed(renamed):
    process, data = renamed
    supervisor = int((data / "supervisord.pid").read_text())
    session = os.getsid(supervisor)
    os.kill(supervisor, signal.SIGKILL)
    process.communicate(timeout=30)
    assert (process.returncode, session_members(session)) == (1, [])
