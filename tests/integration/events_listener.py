"""Somebody who listens to events of a running service, on a thread."""

import json
import socket
import threading
from contextlib import contextmanager, suppress

import httpx

from tests.processes import wait_until

PATH = "/api/v1/events"
HEAR_SECONDS = 30


class Heard:
    """What came on a stream so far: (name, data, id) of each event; whether it is over."""

    def __init__(self):
        self.events = []
        self.over = threading.Event()

    def names(self, image_id):
        return [name for name, data, _ in self.events if data.get("id") == image_id]

    def wait(self, name, image_id=None):
        """Return the id of an event once it was heard."""

        def heard():
            found = [one for one in self.events if one[0] == name]
            return [one for one in found if image_id in {None, one[1].get("id")}]

        what = f"{name} of {image_id}; heard {self.events}"
        return wait_until(heard, seconds=HEAR_SECONDS, what=what)[-1][2]


def _hear(stream, heard):
    event = {}
    try:
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
            elif "data" in event:
                heard.events.append((event["event"], json.loads(event["data"]), event.get("id")))
                event = {}
    except httpx.HTTPError:
        pass  # the service was killed, or the listener has gone
    finally:
        heard.over.set()


@contextmanager
def listening(system, *, token=None, **headers):
    """Give what is heard on a stream that is open; by header names with ``_`` for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    token = token or system.profile.credentials()["token"]
    base = system.environment["SHOEBOX_WRITE_URL"]
    with (
        httpx.Client(base_url=base, timeout=60, trust_env=False) as client,
        client.stream("GET", PATH, headers={"Authorization": f"Bearer {token}", **named}) as stream,
    ):
        assert stream.status_code == 200, stream.read()
        heard = Heard()
        thread = threading.Thread(target=_hear, args=(stream, heard))
        thread.start()
        heard.wait("hello")
        try:
            yield heard
        finally:
            # Closing alone would not wake who reads.
            line = stream.extensions["network_stream"].get_extra_info("socket")
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            thread.join()
