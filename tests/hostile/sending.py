"""Sends bodies to the write service in each way there is, and follows what becomes of them."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.integration.tus_caller import BYTES, TUS, metadata_of
from tests.processes import wait_until
from tests.unit.webapp.uploads import forms

IMAGES = "/api/v1/images"
REFUSALS = {
    400: {"malformed-request"},
    413: {"too-large"},
    415: {"unsupported-type"},
    422: {"too-many-pixels", "too-many-frames", "truncated", "not-decodable"},
}
"""Statuses and codes a body may be refused with."""
SETTLED = {"ready", "failed", "rejected"}
SETTLE_SECONDS = 60
ANSWER_SECONDS = 30
THREADS = 4


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one body: the answer, and the image once it is no longer ``stored``."""

    status: int
    code: str
    image: dict | None
    answer_seconds: float
    settle_seconds: float = 0.0

    @property
    def expected(self):
        """Whether it is an answer that a body may get."""
        if self.image is None:
            return self.code in REFUSALS.get(self.status, ())
        if self.image["state"] == "ready":
            return True
        return self.image["state"] in SETTLED and bool(self.image["reason"])


class Sender:
    """Uploads as one user, with connections that are kept.

    Args:
        base: Of the write service.
        token: Of who uploads.
    """

    def __init__(self, base, token):
        self._client = httpx.Client(
            base_url=base,
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )
        self._ways = itertools.cycle((self.send_raw, self.send_form, self.send_tus))

    def close(self):
        self._client.close()

    def send(self, body, *, filename="picture.png"):
        """Upload in the next way; return what was answered, with the image if there is one."""
        began = time.monotonic()
        answer = next(self._ways)(body, filename)
        seconds = time.monotonic() - began
        if answer.is_success:
            return Outcome(
                status=answer.status_code,
                code="",
                image=self._image_of(answer),
                answer_seconds=seconds,
            )
        code = answer.json()["code"]
        return Outcome(status=answer.status_code, code=code, image=None, answer_seconds=seconds)

    def send_raw(self, body, filename, *, content_type="image/png"):
        headers = {"Content-Type": content_type}
        return self._client.post(
            IMAGES, content=body, params={"filename": filename}, headers=headers
        )

    def send_form(self, body, filename, *, content_type="image/png"):
        kind = b"Content-Type: " + content_type.encode()
        part = forms.part(b"file", body, kind, filename=filename.encode())
        headers = {"Content-Type": forms.CONTENT_TYPE}
        return self._client.post(IMAGES, content=forms.form(part), headers=headers)

    def send_tus(self, body, filename):
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(body)),
            "Content-Type": BYTES,
        }
        if filename:
            headers["Upload-Metadata"] = metadata_of({"filename": filename})
        return self._client.post(TUS, content=body, headers=headers)

    def image(self, image_id, *, wait=0):
        answer = self._client.get(f"{IMAGES}/{image_id}", params={"wait": wait} if wait else None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _image_of(self, answer):
        """Return the image an answer tells of; by tus it is named in a header."""
        if answer.content:
            return answer.json()
        return self.image(answer.headers["X-Shoebox-Image"])

    def settled(self, outcome):
        """Return an outcome once its image is no longer ``stored``; fail when that takes long."""
        if outcome.image is None or outcome.image["state"] in SETTLED:
            return outcome
        began, found = time.monotonic(), {}

        def ended():
            found.update(self.image(outcome.image["id"], wait=5))
            return found["state"] in SETTLED

        wait_until(ended, seconds=SETTLE_SECONDS, what=f"an end of {outcome.image}")
        return Outcome(
            status=outcome.status,
            code=outcome.code,
            image=found,
            answer_seconds=outcome.answer_seconds,
            settle_seconds=time.monotonic() - began,
        )


@contextmanager
def sending(system):
    """Give a sender for the admin of a system."""
    token = system.profile.credentials()["token"]
    sender = Sender(system.environment["SHOEBOX_WRITE_URL"], token)
    try:
        yield sender
    finally:
        sender.close()


def send_all(system, bodies):
    """Upload everything, several at a time; return the outcomes by name once all have settled."""
    with sending(system) as sender, ThreadPoolExecutor(THREADS) as threads:
        outcomes = list(threads.map(sender.send, bodies.values()))
        settled = threads.map(sender.settled, outcomes)
        return dict(zip(bodies, settled, strict=True))
