"""What the endpoint answers before it knows who asks."""

import errno
import json

import pytest

from webapp.uploads.admission import Admission
from webapp.uploads.tus.endpoint import TusEndpoint, is_tus

UPLOAD = "/api/v1/tus/" + "0" * 32


async def ask(method, path="/api/v1/tus/", **headers):
    """Return status, headers and body of the answer to a request without a body."""
    sent = []

    async def send(message):
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": named}
    await TusEndpoint(Admission())(scope, None, send)
    start, body = sent
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], found, body["body"]


async def test_options_tell_what_can_be_done(settings):
    status, headers, body = await ask("OPTIONS")
    assert (status, body) == (204, b"")
    assert headers["tus-version"] == "1.0.0"
    assert headers["tus-max-size"] == str(settings.SHOEBOX.max_upload_bytes)
    assert headers["tus-checksum-algorithm"].split(",")[:2] == ["sha1", "sha256"]
    extensions = {"creation", "creation-with-upload", "checksum", "expiration", "termination"}
    assert set(headers["tus-extension"].split(",")) == extensions


async def test_an_answer_without_content_has_no_length():
    assert "content-length" not in (await ask("OPTIONS"))[1]


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
async def test_another_version_is_told_ours(method):
    status, headers, _ = await ask(method, UPLOAD, tus_resumable="0.2.2")
    assert (status, headers["tus-version"], headers["tus-resumable"]) == (412, "1.0.0", "1.0.0")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/api/v1/tus/", "POST, OPTIONS"),
        ("PATCH", "/api/v1/tus", "POST, OPTIONS"),
        ("POST", UPLOAD, "HEAD, PATCH, DELETE, OPTIONS"),
        ("BREW", UPLOAD, "HEAD, PATCH, DELETE, OPTIONS"),
    ],
)
async def test_another_method_is_told_which_there_are(method, path, allow):
    status, headers, body = await ask(method, path, tus_resumable="1.0.0")
    assert (status, headers["allow"]) == (405, allow)
    assert json.loads(body)["code"] == "method-not-allowed"


async def test_a_refusal_of_a_head_has_no_body():
    _, headers, body = await ask("HEAD", tus_resumable="1.0.0")
    assert (headers["content-length"], body) == ("0", b"")


async def test_a_full_disk_is_busy(monkeypatch):
    def full(_headers):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("webapp.uploads.tus.endpoint.version_check", full)
    status, headers, body = await ask("HEAD", UPLOAD)
    assert (status, headers["retry-after"], body) == (503, "30", b"")


@pytest.mark.parametrize(
    ("path", "ours"),
    [("/api/v1/tus", True), ("/api/v1/tus/", True), (UPLOAD, True), ("/api/v1/tusk", False)],
)
def test_only_its_own_addresses_are_taken(path, ours):
    assert is_tus(path) is ours
