"""Clients that ask without a pause while something happens to the service, and miss nothing."""

import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException

PAUSES = (0, 0.05, 0.3)
"""Of clients that keep their connection: one that never rests, two that do between requests."""


class SteadyClients:
    """Threads that GET a path until the block ends; some connect anew each time.

    What they saw is in ``answers`` by status and length, and what failed in ``lost``.
    """

    def __init__(self, port, path, *, fresh=3):
        self.answers = Counter()
        self.lost = []
        self.told_to_close = 0
        self._address = ("127.0.0.1", port)
        self._path = path
        self._over = threading.Event()
        kept = [threading.Thread(target=self._keep, args=(pause,)) for pause in PAUSES]
        self._threads = [*kept, *(threading.Thread(target=self._fresh) for _ in range(fresh))]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _fresh(self):
        while not self._over.is_set():
            self._ask(HTTPConnection(*self._address, timeout=20), "anew").close()

    def _keep(self, pause):
        connection = HTTPConnection(*self._address, timeout=20)
        while not self._over.is_set():
            self._ask(connection, f"kept, every {pause} s")
            time.sleep(pause)
        connection.close()

    def _ask(self, connection, how):
        try:
            connection.request("GET", self._path)
            answer = connection.getresponse()
            self.answers[answer.status, len(answer.read())] += 1
            self.told_to_close += answer.will_close
        except (OSError, HTTPException) as error:
            self.lost.append(f"{how}: {error!r}")
            connection.close()
        return connection
