"""Pictures by their links: the server is asked to fetch them, and waited for."""

import json

import httpx
import pytest

from tests.unit.webapp.client.fake import Fake, image_of, json_lines, problem, shoebox
from tests.unit.webapp.client.fake import write_pictures as pictures

LINK = "https://elsewhere.test/cat.jpg"
IMPORT = "/api/v1/imports/7"


@pytest.fixture
def fake():
    return Importing()


class Importing(Fake):
    """Says ``waiting`` so often, and then what the test says."""

    def __init__(self):
        super().__init__()
        self.waits = 0
        self.end = {"state": "done", "code": "", "reason": ""}

    def otherwise(self, request, body):
        if not request.url.path.startswith("/api/v1/imports"):
            return super().otherwise(request, body)
        if request.method == "POST" or self.waits:
            self.waits -= request.method == "GET"
            return httpx.Response(202, json={"id": "7", "state": "waiting"})
        image = image_of(b"fetched", False, request) if self.end["state"] == "done" else None
        return httpx.Response(200, json={"id": "7", "image": image, **self.end})


def test_a_link_is_fetched_by_the_server_and_its_picture_told(fake, capsys, waits):
    fake.waits = 3
    assert shoebox(fake, "--album", "Cats", "--kind", "s", LINK) == 0
    (asked,) = fake.sent("POST")
    assert json.loads(asked.content) == {"url": LINK, "album": "Cats", "kind": "s"}
    assert [request.url.path for request in fake.sent("GET")] == [IMPORT] * 4
    assert waits == [0.5, 1.0, 2.0, 4.0]
    assert capsys.readouterr().out == "http://images.test/x.jpg\n"


def test_links_and_files_are_told_in_the_order_named(fake, tmp_path, capsys):
    first, last = pictures(tmp_path, "a.jpg", "b.jpg")
    assert shoebox(fake, first, LINK, last) == 0
    names = [line.rpartition("/")[2] for line in capsys.readouterr().out.splitlines()]
    assert names == ["a.jpg", "x.jpg", "b.jpg"]


def test_what_cannot_be_imported_is_told_by_its_reason(fake, capsys):
    fake.end = {"state": "failed", "code": "address-refused", "reason": "Not a public address."}
    assert shoebox(fake, "--json", LINK) == 1
    printed = capsys.readouterr()
    assert f"{LINK}: Not a public address." in printed.err
    (line,) = json_lines(printed.out)
    assert (line["path"], line["result"], line["code"]) == (LINK, "refused", "address-refused")


def test_a_busy_server_is_asked_again_under_the_same_key(fake):
    fake.before = [problem(503, "busy", "Later.")]
    assert shoebox(fake, LINK) == 0
    keys = {request.headers["idempotency-key"] for request in fake.sent("POST")}
    assert len(fake.sent("POST")) == 2
    assert len(keys) == 1


def test_a_server_that_never_ends_is_not_waited_for_for_ever(fake, capsys):
    fake.waits = 10_000
    assert shoebox(fake, LINK) == 1
    assert "goes on there" in capsys.readouterr().err


def test_a_picture_that_was_erased_meanwhile_is_no_success(fake, capsys):
    fake.end["image"] = None
    assert shoebox(fake, LINK) == 1
    assert "erased since" in capsys.readouterr().err
