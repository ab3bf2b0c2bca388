"""The services are reloaded or told to end while uploads and reads are under way: none is lost."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import samples
from tests.processes import is_dead, wait_until

SECONDS = 120


@pytest.fixture
def system(embedded):
    """One profile: what is asked here does not differ between them."""
    return embedded


def workers_of(system, name):
    return [pid for pid in system.family(name) if pid != system.pid(name)]


def reload(system, name):
    """Have a service replace its worker; return when the old one is gone."""
    old = workers_of(system, name)
    os.kill(system.pid(name), signal.SIGHUP)
    wait_until(
        lambda: all(map(is_dead, old)) and workers_of(system, name),
        seconds=SECONDS,
        what=f"{name} with another worker",
    )


class HalfSent:
    """A body of which the second half waits until it is let go."""

    def __init__(self, body):
        self.begun = threading.Event()
        self.go = threading.Event()
        self._body = body

    def __iter__(self):
        half = len(self._body) // 2
        yield self._body[:half]
        self.begun.set()
        assert self.go.wait(SECONDS)
        yield self._body[half:]


def test_uploads_and_reads_go_on_while_both_services_are_reloaded(system, load):
    with load(system) as running:
        running.wait_more(2)
        for name in ("read", "write"):
            reload(system, name)
        running.wait_more(2)
    assert running.cut_off == 0
    running.assert_healed()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM], ids=["reloaded", "ended"])
def test_an_upload_under_way_ends_well(system, number):
    body = samples.jpeg()
    sent = HalfSent(body)
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(system.client.upload, sent)
        assert sent.begun.wait(SECONDS)
        before = stops(system)
        os.kill(system.pid("write"), number)
        wait_until(lambda: stops(system) > before, seconds=SECONDS, what="a drain over")
        sent.go.set()
        assert answer.result(SECONDS).status_code == 201
    if number == signal.SIGTERM:
        wait_until(lambda: not system.is_up("write"), seconds=SECONDS, what="the end")
        system.stop("write")
        system.start("write")
    system.client.read_everything(system.client.wait_ready(answer.result().json()["id"]))


def stops(system):
    """Return how often a worker of the write service was told to take no more."""
    return system.described("write").log.read_text(encoding="utf-8").count("Stopping worker-")
