"""Uploads and reads that go on while something breaks, as patient as people and their programs."""

import threading
import time
import uuid

import httpx

from tests import samples
from tests.drills.healed import assert_healed, assert_read_back
from tests.processes import wait_until

PAUSE_SECONDS = 0.3
PATIENCE_SECONDS = 60
"""So long somebody who is asked to try again does."""
AGAIN_SECONDS = 0.5


class GaveUpError(AssertionError):
    """Nobody tries for ever."""


class Load:
    """One client that uploads and one that reads, until the block ends.

    Whoever is told 503 with Retry-After, or is cut off, asks again for a while, and it is
    counted: the design allows both while something is away. Any other answer but success is a
    problem, and so is one that never comes.

    Args:
        system: What is used.
        note: Called with what the table of drills says of this one.
        pause: Seconds between two uploads, so that what is drilled gets the processor.
    """

    def __init__(self, system, *, note=None, pause=PAUSE_SECONDS):
        self.acknowledged = []
        self.problems = []
        self.again = self.cut_off = 0
        self._system = system
        self._client = system.client
        self._pause = pause
        self._note = note or (lambda _name, _value: None)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=t) for t in (self._upload, self._read)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_more(self, count, *, seconds=120):
        """Wait until so many more uploads were acknowledged."""
        goal = len(self.acknowledged) + count
        wait_until(
            lambda: len(self.acknowledged) >= goal or self.problems,
            seconds=seconds,
            what=f"{count} more uploads",
        )
        assert self.problems == []

    def assert_healed(self, *more):
        """Read everything back that was acknowledged, once it is where it belongs, and note it.

        Args:
            more: Images that were there before, which must be as well.
        """
        self._assert_all(lambda images: assert_healed(self._system, images), more)

    def assert_read_back(self, *more):
        """As ``assert_healed``, where a home cannot take what belongs there."""
        self._assert_all(lambda images: assert_read_back(self._client, images), more)

    def _assert_all(self, check, more):
        assert self.problems == []
        began = time.monotonic()
        images = [*self.acknowledged, *more]
        check(images)
        row = {"acknowledged": len(images), "lost": 0, "again": self.again}
        self._note("drill", row | {"seconds": round(time.monotonic() - began, 1)})

    def _upload(self):
        while not self._over.wait(self._pause):
            body, key = samples.jpeg(), {"Idempotency-Key": str(uuid.uuid4())}
            answer = self._patiently(lambda b=body, k=key: self._client.upload(b, headers=k))
            if answer is not None and answer.is_success:
                self.acknowledged.append(answer.json())
            elif answer is not None:
                self.problems.append(answer.text)

    def _read(self):
        while not self._over.wait(PAUSE_SECONDS):
            for image in self.acknowledged[-3:]:
                url = image["links"]["original"]
                answer = self._patiently(lambda u=url: self._client.read(u))
                if answer is None:
                    continue
                try:
                    self._client.assert_original(image, answer)
                except AssertionError as error:
                    self.problems.append(str(error))

    def _patiently(self, ask):
        """Return the first answer that is one; None when the block ended or patience did."""
        try:
            return patiently(self._counted(ask), again=self._count, over=self._over)
        except GaveUpError as error:
            self.problems.append(str(error))
            return None

    def _counted(self, ask):
        """Return ``ask``, which counts requests that got no answer at all."""

        def counted():
            try:
                return ask()
            except httpx.TransportError:
                self.cut_off += 1
                raise

        return counted

    def _count(self):
        self.again += 1


def patiently(ask, *, again, over=None):
    """Ask until there is an answer that does not say "later", as a person would.

    Args:
        ask: Sends the request.
        again: Called each time it has to be sent again.
        over: Nobody wants an answer any more once it is set; None is returned then.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = ask()
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer
            said = f"{answer.url}: {answer.text[:300]}"
            if "Retry-After" not in answer.headers:
                raise GaveUpError(f"no Retry-After: {said}")
        except httpx.TransportError as error:
            said = repr(error)
        if over is not None and over.is_set():
            return None
        if time.monotonic() > until:
            raise GaveUpError(f"not within {PATIENCE_SECONDS} s: {said}")
        again()
        time.sleep(AGAIN_SECONDS)
