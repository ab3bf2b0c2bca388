"""Large files: in parts, from where an earlier run left off."""

# ruff: noqa: ARG002 - every call of the server is told the request and its body

from pathlib import Path

import httpx
import pytest

from tests.unit.webapp.client.fake import TUS, Fake, homeless, image_of, problem, shoebox
from webapp.client import resuming, uploading
from webapp.client.memory import Memory

SIZE = 1000
PART = 300


class Parts(Fake):
    """A server that takes parts; ``break_at`` is the offset where the line breaks once."""

    def __init__(self):
        super().__init__()
        self.uploads = {}
        self.break_at = None
        self.last_word = None
        self.of_images = {}

    def tus(self, request, body):
        return getattr(self, request.method.lower())(request, body)

    def options(self, request, body):
        headers = {"Tus-Version": "1.0.0", "Tus-Extension": "creation,checksum"}
        return httpx.Response(204, headers=headers)

    def post(self, request, body):
        name = f"upload{len(self.uploads)}"
        self.uploads[name] = b""
        return httpx.Response(201, headers={"Location": f"http://evil.test{TUS}{name}"})

    def head(self, request, body):
        return self.told(request) if self.name(request) in self.uploads else httpx.Response(404)

    def patch(self, request, body):
        found = self.uploads.get(self.name(request))
        if found is None:
            return httpx.Response(404)
        if int(request.headers["upload-offset"]) != len(found):
            return httpx.Response(409)
        cut = self.break_at if self.break_at in range(len(found), len(found) + len(body)) else None
        self.uploads[self.name(request)] = found + body[: cut and cut - len(found)]
        if cut is not None:
            self.break_at = None
            raise httpx.WriteError("broken")
        return self.told(request)

    def told(self, request):
        found = self.uploads[self.name(request)]
        if len(found) < SIZE:
            return httpx.Response(204, headers={"Upload-Offset": str(len(found))})
        if self.last_word:
            return self.last_word
        headers = {"Upload-Offset": str(SIZE), "X-Shoebox-Image": f"p-{self.name(request)}"}
        return httpx.Response(204, headers=headers)

    def otherwise(self, request, body):
        if request.method == "GET":
            if answer := self.of_images.get(request.url.path.rpartition("/")[2]):
                return answer
            whole = next(found for found in self.uploads.values() if len(found) == SIZE)
            return httpx.Response(200, json=image_of(whole, False, request))
        return super().otherwise(request, body)

    def name(self, request):
        return request.url.path.removeprefix(TUS)

    @property
    def calls(self):
        offsets = [(r.method, r.headers.get("upload-offset")) for r in self.requests]
        return [call for call in offsets if call[0] != "OPTIONS"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(uploading, "RESUMABLE_BYTES", 500)
    monkeypatch.setattr("webapp.client.session.RESUMABLE_BYTES", 500)
    monkeypatch.setattr(resuming, "PART_BYTES", PART)


@pytest.fixture
def parts():
    return Parts()


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(bytes(range(250)) * 4)
    return path


def test_a_large_file_goes_in_parts(parts, large, capsys):
    assert shoebox(parts, large) == 0
    assert parts.calls == [
        ("POST", None),
        ("PATCH", "0"),
        ("PATCH", "300"),
        ("PATCH", "600"),
        ("PATCH", "900"),
        ("GET", None),
    ]
    assert parts.uploads == {"upload0": large.read_bytes()}
    assert capsys.readouterr().out == "http://images.test/x.jpg\n"


def test_the_token_goes_nowhere_else_whatever_the_server_says(parts, large):
    shoebox(parts, large)
    assert {request.url.host for request in parts.requests} == {"pictures.test"}


def test_a_small_file_goes_whole(parts, tmp_path):
    path = tmp_path / "small.png"
    path.write_bytes(b"x" * 500)
    shoebox(parts, path)
    assert parts.uploads == {}


def test_a_server_without_parts_gets_it_whole(fake, large):
    assert shoebox(fake, large) == 0
    assert fake.bodies == {"large.png": large.read_bytes()}


def test_a_token_that_may_not_read_sends_it_whole(parts, large, capsys):
    parts.scopes = ["upload"]
    assert shoebox(parts, large) == 0
    assert parts.bodies == {"large.png": large.read_bytes()}
    assert "may not read" in capsys.readouterr().err


def test_after_a_lost_connection_only_the_rest_is_sent(parts, large):
    parts.break_at = 450
    assert shoebox(parts, large) == 0
    assert ("HEAD", None) in parts.calls
    assert ("PATCH", "450") in parts.calls
    assert parts.uploads == {"upload0": large.read_bytes()}


def test_the_next_run_goes_on_where_the_last_one_stopped(parts, large):
    parts.break_at = 450
    shoebox(parts, "--tries", 1, large)
    parts.requests.clear()
    assert shoebox(parts, large) == 0
    assert parts.calls[:2] == [("HEAD", None), ("PATCH", "450")]


@pytest.mark.timeout(10)
def test_without_a_state_folder_that_can_be_written_a_file_is_one_upload(
    parts, large, tmp_path, monkeypatch
):
    (tmp_path / "state").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert shoebox(parts, large) == 0
    assert [call for call in parts.calls if call[0] == "POST"] == [("POST", None)]


def test_an_upload_that_is_over_and_cannot_be_forgotten_begins_anew(parts, large, monkeypatch):
    parts.break_at = 450
    shoebox(parts, "--tries", 1, large)
    parts.uploads = {"somebody else's": b""}
    monkeypatch.setattr(Memory, "forget", lambda *_words: None)
    monkeypatch.setattr(Memory, "keep", lambda *_words: None)
    assert shoebox(parts, large) == 0


def test_a_state_folder_that_may_not_be_looked_at_does_not_matter(parts, large, monkeypatch):
    def denied(_folder, _pattern):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "glob", denied)
    assert shoebox(parts, large) == 0


def test_without_a_home_a_large_file_is_sent_whole(parts, large, monkeypatch, capsys):
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert shoebox(parts, large) == 0
    assert parts.bodies == {"large.png": large.read_bytes()}
    assert "no home folder" in capsys.readouterr().err


def test_other_words_are_another_upload(parts, large):
    parts.break_at = 450
    shoebox(parts, "--tries", 1, large)
    assert shoebox(parts, "--album", "Holidays", large) == 0
    assert len(parts.uploads) == 2


def test_an_upload_the_server_has_forgotten_begins_anew(parts, large):
    parts.break_at = 450
    shoebox(parts, "--tries", 1, large)
    parts.uploads = {"somebody else's": b""}
    assert shoebox(parts, large) == 0
    assert parts.uploads["upload1"] == large.read_bytes()


@pytest.mark.parametrize(
    "deleted",
    [
        httpx.Response(200, json={"id": "p-upload0", "state": "deleted"}),
        problem(404, "not-found", "Not found."),
        problem(410, "erased", "Erased."),
    ],
)
def test_what_arrived_unheard_and_was_deleted_since_is_sent_again(parts, large, deleted):
    parts.of_images["p-upload0"] = problem(500, "internal", "Lost.")
    assert shoebox(parts, "--tries", 1, large) == 1
    parts.of_images["p-upload0"] = deleted
    assert shoebox(parts, large) == 0
    assert parts.uploads["upload1"] == large.read_bytes()


def test_what_arrived_unheard_is_not_sent_again(parts, large):
    parts.of_images["p-upload0"] = problem(500, "internal", "Lost.")
    shoebox(parts, "--tries", 1, large)
    parts.of_images.clear()
    assert shoebox(parts, large) == 0
    assert len(parts.uploads) == 1


@pytest.mark.parametrize(("status", "uploads"), [(415, 2), (422, 2), (507, 1)])
def test_what_was_refused_is_forgotten_unless_room_may_be_made(parts, large, status, uploads):
    parts.last_word = problem(status, "code", "No.")
    assert shoebox(parts, large) == 1
    parts.last_word = None
    shoebox(parts, large)
    assert len(parts.uploads) == uploads


def test_nothing_is_remembered_of_what_was_stored(parts, large, home):
    shoebox(parts, large)
    assert list((home / "state").rglob("*.json")) == []


def test_every_part_has_tries_of_its_own(parts, large):
    real, failed = parts.patch, set()

    def once_each(request, body):
        offset = request.headers["upload-offset"]
        if offset in failed:
            return real(request, body)
        failed.add(offset)
        return problem(503, "busy", "Busy.")

    parts.patch = once_each
    assert shoebox(parts, "--tries", 2, large) == 0
    assert len(failed) == 4
