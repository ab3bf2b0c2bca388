"""The worker that fetches an import is killed in the middle: it is fetched again, once."""

from threading import Event

import pytest

from tests import samples
from tests.processes import wait_until
from tests.remote import answer, remote_running

IMPORTS = "/api/v1/imports"
WORKER = "worker-replication"
BEGIN_SECONDS = 60
END_SECONDS = 120


class Halting:
    """Sends half of a picture to who asks first, and then holds on; all of it to others."""

    def __init__(self, picture):
        self.picture = picture
        self.begun, self.ended = Event(), Event()

    def __call__(self, connection):
        if self.begun.is_set():
            connection.sendall(answer(self.picture))
            return
        half = len(self.picture) // 2
        connection.sendall(answer(self.picture[:half], content_length=len(self.picture)))
        self.begun.set()
        self.ended.wait(BEGIN_SECONDS)


@pytest.fixture
def halting():
    halting = Halting(samples.jpeg())
    yield halting
    halting.ended.set()


@pytest.fixture
def remote():
    with remote_running() as remote:
        yield remote


def ask(system, url):
    asked = system.client.call("POST", IMPORTS, json={"url": url, "album": "Imported"})
    assert asked.status_code == 202, asked.text
    return asked.headers["Location"]


def wait_ended(system, location):
    return wait_until(lambda: ended(system, location), seconds=END_SECONDS, what="the import")


def ended(system, location):
    found = system.client.call("GET", location).json()
    return found if found["state"] in {"done", "failed"} else None


def test_an_import_is_stored_after_its_worker_was_killed_in_the_middle(system, remote, halting):
    location = ask(system, remote.at("/in/cat.jpg", halting))
    assert halting.begun.wait(BEGIN_SECONDS)
    system.kill(WORKER)
    halting.ended.set()
    system.start(WORKER)
    done = wait_ended(system, location)
    assert (done["state"], done["attempts"], done["image"]["album"]) == ("done", 2, "Imported")
    system.client.read_everything(system.client.wait_ready(done["image"]["id"]))
    assert len(remote.requests) == 2


def test_a_link_that_leads_to_no_picture_fails_with_its_code(system, remote):
    failed = wait_ended(system, ask(system, remote.at("/page", answer(b"<html>"))))
    assert (failed["state"], failed["code"]) == ("failed", "unsupported-type")
