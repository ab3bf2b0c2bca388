"""One supervisord over real processes: what ends comes back, and nothing outlives a stop."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.local.processes import session_members
from config.local.service import Service, StartError
from config.local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def describe(tmp_path):
    def make(name: str, script: str = "exec sleep 60", **changes) -> Service:
        values = {
            "name": name,
            "command": ("sh", "-c", script),
            "directory": tmp_path,
            "log": tmp_path / "logs" / f"{name}.log",
            "ready": lambda: True,
            "stop_seconds": 1.0,
        }
        return Service(**(values | changes))

    return make


@pytest.fixture
def supervise(tmp_path):
    running = []

    def make(*services: Service, **told) -> Supervisor:
        supervisor = Supervisor(folder=tmp_path, services=services)
        running.append(supervisor)
        supervisor.start()
        supervisor.launch(services, on_ready=lambda _service: None, **told)
        return supervisor

    yield make
    for supervisor in running:
        supervisor.stop()


def wait_until(condition, *, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_that_is_killed_comes_back_and_the_others_stay(describe, supervise):
    supervisor = supervise(describe("one"), describe("other"))
    before = supervisor.pids()
    os.kill(before["one"], signal.SIGKILL)
    wait_until(lambda: supervisor.pids().get("one", before["one"]) != before["one"])
    assert supervisor.pids()["other"] == before["other"]


def test_a_process_that_ends_at_once_is_quoted(describe, supervise):
    with pytest.raises(StartError, match=r"broken ended while starting(.|\n)*no such thing"):
        supervise(describe("broken", "echo no such thing; exit 3"))


def test_a_process_that_is_never_ready_is_given_up(describe, supervise):
    with pytest.raises(StartError, match="silent was not ready after 0 s"):
        supervise(describe("silent", ready=lambda: False, ready_seconds=0.2))


def test_what_runs_and_says_why_it_is_not_ready_is_told_and_stays(describe, supervise):
    told = []
    unwell = describe("unwell", ready=lambda: False, said=lambda: "no shard", ready_seconds=0.2)
    supervisor = supervise(
        unwell, describe("other"), on_unwell=lambda service, said: told.append((service.name, said))
    )
    assert told == [("unwell", "no shard")]
    assert supervisor.pids().keys() == {"unwell", "other"}


def test_stop_leaves_no_process_even_of_those_that_ignore_it(describe, supervise):
    deaf = describe("deaf", "trap '' TERM; sleep 60 & while :; do sleep 0.1; done")
    supervisor = supervise(deaf, describe("other"))
    session = os.getsid(supervisor.pids()["deaf"])
    began = time.monotonic()
    supervisor.stop([deaf])
    assert (session_members(session), time.monotonic() - began < 10) == ([], True)


def test_a_group_is_stopped_after_the_group_before_it(describe, supervise, tmp_path):
    note = "trap 'echo {0} >> order; exit' TERM; while :; do sleep 0.05; done"
    client = describe("client", note.format("client"))
    server = describe("server", note.format("server"))
    supervise(server, client).stop([client], [server])
    assert (tmp_path / "order").read_text().split() == ["client", "server"]


def test_everything_ends_when_the_one_who_started_it_is_killed(describe, tmp_path):
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    with starter, starter.stdout as told:
        session = os.getsid(int(told.readline()))
        starter.kill()
    wait_until(lambda: session_members(session) == [])


STARTER = """
import sys, time
from pathlib import Path
from config.local.service import Service
from config.local.supervisor import Supervisor

folder = Path(sys.argv[1])
sleeper = Service(name="sleeper", command=("sleep", "60"), directory=folder,
                  log=folder / "log", ready=lambda: True)
supervisor = Supervisor(folder=folder, services=[sleeper])
supervisor.start()
supervisor.launch([sleeper], on_ready=lambda service: None)
print(supervisor.pids()["sleeper"], flush=True)
time.sleep(60)
"""
