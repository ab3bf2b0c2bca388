import hashlib

import httpx
import pytest

from config.local import first_photo as module
from config.local.first_photo import first_photo
from config.local.service import LocalError
from config.local.table import report_lines

BODY = b"a picture"
DIGEST = "sha256:" + hashlib.sha256(BODY).hexdigest()


def image(**changes):
    links = {
        "page": "http://write/i/p0",
        "original": "http://read/p0.jpg",
        "renditions": {"thumb": {"webp": "http://read/p0/thumb.webp"}},
    }
    shown = {"id": "p0", "state": "ready", "digest": DIGEST, "width": 4, "height": 3}
    return shown | {"links": links} | changes


@pytest.fixture
def answers():
    """What the services answer, by method and URL."""
    present = {"shard": "s1", "zone": "z1", "role": "home", "state": "present", "check": "verified"}
    absent = {"shard": "s2", "zone": "z2", "role": "hand-off", "state": "absent", "check": None}
    return {
        "POST http://write/api/v1/images": httpx.Response(201, json=image(state="stored")),
        "GET http://write/api/v1/images/p0?wait=30": httpx.Response(200, json=image()),
        "GET http://write/api/v1/images/p0/replicas": httpx.Response(
            200, json={"wanted": 1, "positions": [present, absent]}
        ),
        "GET http://read/p0.jpg": httpx.Response(200, content=BODY),
        "GET http://read/p0/thumb.webp": httpx.Response(200, content=b"small"),
    }


@pytest.fixture
def run(answers, monkeypatch):
    def answer(request: httpx.Request) -> httpx.Response:
        return answers[f"{request.method} {request.url}"]

    client = httpx.Client

    def mocked(**arguments) -> httpx.Client:
        return client(**arguments, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(module.httpx, "Client", mocked)
    monkeypatch.setattr(module, "picture_make", lambda: BODY)
    return lambda: first_photo(write_url="http://write", token="secret")


def test_the_table_shows_where_the_replicas_lie(run):
    assert "  s1     z1    home  verified" in report_lines(run())


def test_a_position_without_a_copy_is_not_shown(run):
    assert "s2" not in "".join(report_lines(run()))


def test_too_few_replicas_are_refused(run, answers):
    answers["GET http://write/api/v1/images/p0/replicas"] = httpx.Response(
        200, json={"wanted": 3, "positions": []}
    )
    with pytest.raises(LocalError, match="0 of 3 replicas"):
        run()


def test_every_step_has_its_time(run):
    assert len([line for line in report_lines(run()) if " s  " in line]) == 6


def test_an_original_that_differs_is_refused(run, answers):
    answers["GET http://read/p0.jpg"] = httpx.Response(200, content=b"other")
    with pytest.raises(LocalError, match="read back as sha256:"):
        run()


def test_a_rendition_that_is_still_pending_is_refused(run, answers):
    answers["GET http://read/p0/thumb.webp"] = httpx.Response(
        200, content=b"x", headers={"X-Shoebox-Pending": "1"}
    )
    with pytest.raises(LocalError, match="still pending"):
        run()


def test_a_failed_image_is_told_with_its_reason(run, answers):
    answers["GET http://write/api/v1/images/p0?wait=30"] = httpx.Response(
        200, json=image(state="failed", reason="memory")
    )
    with pytest.raises(LocalError, match="failed instead of ready, reason memory"):
        run()


def test_a_refused_upload_is_quoted(run, answers):
    answers["POST http://write/api/v1/images"] = httpx.Response(503, text="busy")
    with pytest.raises(LocalError, match="answered 503 instead of 201: busy"):
        run()
