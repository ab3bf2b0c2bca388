"""Reads that go on all through a drill."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

PAUSE_SECONDS = 0.1
"""Between two rounds, so that what is drilled gets the processor."""


class Reading:
    """Reads originals again and again; no answer may fail."""

    def __init__(self, client, images):
        self._client = client
        self._images = images
        self._stop = Event()
        self.count = 0

    def run(self):
        while not self._stop.wait(PAUSE_SECONDS):
            for image in self._images:
                self._client.read_original(image)
                self.count += 1

    def stop(self):
        self._stop.set()


@contextmanager
def reads_go_on(client, images):
    """Read all the while; a read that fails is a failure at the end."""
    reading = Reading(client, images)
    with ThreadPoolExecutor(1) as thread:
        run = thread.submit(reading.run)
        try:
            yield reading
        finally:
            reading.stop()
        run.result()
