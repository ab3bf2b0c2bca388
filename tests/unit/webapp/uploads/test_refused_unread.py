"""Every refusal of admission, on every way in: said before the body is asked for."""

import json
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from tests.unit.webapp.uploads.tus.places import OWNER, make_upload
from webapp.uploads import admission as admission_module
from webapp.uploads import receiver as receiver_module
from webapp.uploads.receiver import Receiver
from webapp.uploads.tus import endpoint as endpoint_module

BYTES = "application/offset+octet-stream"
PRINCIPAL = SimpleNamespace(user=SimpleNamespace(pk=OWNER, quota_bytes=None, quota_images=None))
WAYS = {
    "raw": ("POST", "/api/v1/images", {"content_type": "image/png"}),
    "form": ("POST", "/api/v1/images", {"content_type": "multipart/form-data; boundary=x"}),
    "creation": (
        "POST",
        "/api/v1/tus/",
        {"tus_resumable": "1.0.0", "upload_length": "9", "content_type": BYTES},
    ),
    "continuation": (
        "PATCH",
        "/api/v1/tus/{id}",
        {"tus_resumable": "1.0.0", "upload_offset": "0", "content_type": BYTES},
    ),
}


class World:
    """A receiver whose admission sees what a test says."""

    def __init__(self, settings, monkeypatch, folder):
        self._settings = settings
        self._monkeypatch = monkeypatch
        self._looks_at(admission_module, "outbox_depth", 0)
        self._looks_at(admission_module, "read_only_reason", "")
        self._looks_at(receiver_module, "uploader_of", PRINCIPAL)
        self._looks_at(endpoint_module, "principal_for", PRINCIPAL)
        self.set(spool=folder, spool_floor_bytes=0)
        self.upload = make_upload(folder).id
        self.receiver = Receiver(None)
        self.held = ExitStack()
        self.asked_for_body = 0

    def set(self, **values):
        self._settings.SHOEBOX = self._settings.SHOEBOX.model_copy(update=values)

    def _looks_at(self, module, name, found):
        self._monkeypatch.setattr(module, name, lambda *_: found)

    def places_taken(self):
        self.set(max_uploads_in_flight=1)
        self.held.enter_context(self.receiver._admission.place())

    def own_places_taken(self):
        self.set(max_uploads_in_flight_per_user=1)
        self.held.enter_context(self.receiver._admission.place()).take(OWNER)

    def spool_full(self):
        self.set(spool_floor_bytes=2**62)

    def backlog_long(self):
        self._looks_at(admission_module, "outbox_depth", 10**9)

    def stores_slow(self):
        self._looks_at(admission_module.store_turns, "wait_expected", 10**9)

    def read_only(self):
        self._looks_at(admission_module, "read_only_reason", "The index is being rebuilt.")

    async def call(self, method, path, headers):
        sent = []

        async def receive():
            self.asked_for_body += 1
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "query_string": b""}
        await self.receiver({**scope, "headers": named}, receive, send)
        return sent


@pytest.fixture
def world(settings, monkeypatch, tmp_path):
    world = World(settings, monkeypatch, tmp_path)
    with world.held:
        yield world


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (World.places_taken, "busy"),
        (World.own_places_taken, "busy"),
        (World.spool_full, "busy"),
        (World.backlog_long, "busy"),
        (World.stores_slow, "busy"),
        (World.read_only, "read-only"),
    ],
)
async def test_an_upload_is_refused_with_503_before_its_body_is_read(world, way, trouble, code):
    trouble(world)
    method, path, headers = WAYS[way]
    start, body = await world.call(method, path.format(id=world.upload), headers)
    assert (start["status"], json.loads(body["body"])["code"]) == (503, code)
    assert int(dict(start["headers"])[b"retry-after"]) > 0
    assert world.asked_for_body == 0


@pytest.mark.parametrize("way", WAYS)
async def test_with_room_the_body_is_read(world, way):
    method, path, headers = WAYS[way]
    await world.call(method, path.format(id=world.upload), headers)
    assert world.asked_for_body == 1


async def test_an_upload_that_is_too_long_is_refused_before_its_body_is_read(world):
    headers = {"content_type": "image/png", "content_length": str(10 * 1024**3)}
    start, _ = await world.call("POST", "/api/v1/images", headers)
    assert (start["status"], world.asked_for_body) == (413, 0)


@pytest.mark.parametrize("method", ["HEAD", "DELETE"])
async def test_what_brings_no_bytes_is_answered_however_full_it_is(world, method):
    world.places_taken()
    world.spool_full()
    start, _ = await world.call(method, f"/api/v1/tus/{world.upload}", {"tus_resumable": "1.0.0"})
    assert start["status"] in {200, 204}
