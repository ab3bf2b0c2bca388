import signal
import sys
import time
from pathlib import Path

import pytest

from config.local.processes import session_members
from config.local.runner import start, started
from config.local.service import Service, StartError


@pytest.fixture
def describe(tmp_path):
    """A shell script as a service; it is ready once it made the file ``ready``."""

    def make(script: str, **changes) -> Service:
        values = {
            "name": "script",
            "command": ("sh", "-c", script),
            "directory": tmp_path,
            "log": tmp_path / "script.log",
            "ready": (tmp_path / "ready").exists,
            "ready_seconds": 20.0,
            "stop_seconds": 0.3,
        }
        return Service(**(values | changes))

    return make


def test_a_started_service_is_ready(describe, tmp_path):
    with started(describe("sleep 0.1; touch ready; exec sleep 60")):
        assert (tmp_path / "ready").exists()


def test_a_service_that_ends_while_starting_is_quoted(describe):
    with pytest.raises(StartError, match=r"ended while starting(.|\n)*the reason"):
        start(describe("echo the reason; exit 3"))


def test_a_service_that_stays_silent_is_given_up_and_killed(describe):
    with pytest.raises(StartError, match="not ready after 0 s"):
        start(describe("exec sleep 61.5", ready_seconds=0.1))


def test_stop_sends_the_signal_that_the_service_wants(describe, tmp_path):
    script = "trap 'touch stopped; exit' USR1; touch ready; while :; do sleep 0.05; done"
    with started(describe(script, stop_signal=signal.SIGUSR1, stop_seconds=10)):
        pass
    assert (tmp_path / "stopped").exists()


def test_stop_leaves_no_child_behind(describe):
    running = start(describe("sleep 60 & touch ready; exec sleep 60"))
    running.stop()
    assert session_members(running.pid) == []


def test_a_service_that_ignores_its_signal_is_killed(describe):
    running = start(describe("trap '' TERM; touch ready; while :; do sleep 0.05; done"))
    running.stop()
    assert not running.alive


def test_kill_takes_every_process_of_the_service(describe):
    running = start(describe("sleep 60 & sleep 60 & touch ready; wait"))
    running.kill()
    assert session_members(running.pid) == []


def test_stop_is_harmless_twice(describe):
    running = start(describe("touch ready; exec sleep 60"))
    running.stop()
    running.stop()
    assert not running.alive


def test_what_a_service_leaves_elsewhere_is_cleaned_after_its_end(describe, tmp_path):
    service = describe("touch ready; exec sleep 60", clean=(tmp_path / "ready").unlink)
    start(service).kill()
    assert not (tmp_path / "ready").exists()


def test_services_are_stopped_when_a_later_one_cannot_start(describe, tmp_path):
    good = describe("touch ready; echo $$ > pid; exec sleep 60", ready=(tmp_path / "pid").exists)
    with pytest.raises(StartError), started(good, describe("exit 3", ready=lambda: False)):
        pass
    assert session_members(int((tmp_path / "pid").read_text())) == []


LEADERLESS = """
import threading, time, ctypes
threading.Thread(target=time.sleep, args=(60,)).start()
open("ready", "w").close()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_whose_first_thread_is_gone_still_counts(describe):
    command = (sys.executable, "-c", LEADERLESS)
    running = start(describe("", command=command))
    first = Path(f"/proc/{running.pid}/stat")
    while first.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    counted = session_members(running.pid)
    running.kill()
    assert (counted, session_members(running.pid)) == ([running.pid], [])
