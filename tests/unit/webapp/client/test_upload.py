"""What the command prints and how it ends."""

import httpx
import pytest

from tests.unit.webapp.client.fake import (
    SERVER,
    TOKEN,
    json_lines,
    problem,
    shoebox,
    write_pictures,
)


def test_a_link_per_picture_in_the_order_named(fake, tmp_path, capsys):
    paths = write_pictures(tmp_path, "c.jpg", "a.jpg", "b.jpg")
    assert shoebox(fake, *paths) == 0
    assert capsys.readouterr().out.splitlines() == [
        "http://images.test/c.jpg",
        "http://images.test/a.jpg",
        "http://images.test/b.jpg",
    ]


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("page", "http://pictures.test/i/a.jpg"),
        ("markdown", "![a.jpg](http://images.test/a.jpg)"),
        ("html", '<img src="http://images.test/a.jpg" alt="a.jpg">'),
    ],
)
def test_a_link_has_the_form_asked_for(fake, tmp_path, capsys, form, line):
    shoebox(fake, "--link", form, *write_pictures(tmp_path, "a.jpg"))
    assert capsys.readouterr().out == f"{line}\n"


def test_the_request_says_what_the_words_say(fake, tmp_path):
    (path,) = write_pictures(tmp_path, "a b&c.jpg")
    shoebox(fake, "--album", "Düne & Meer", "--kind", "s", path)
    (request,) = fake.sent("POST")
    assert dict(request.url.params) == {
        "filename": "a b&c.jpg",
        "album": "Düne & Meer",
        "kind": "s",
    }
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert fake.bodies == {"a b&c.jpg": path.read_bytes()}


def test_a_duplicate_is_good(fake, tmp_path, capsys):
    paths = write_pictures(tmp_path, "a.jpg")
    shoebox(fake, *paths)
    assert shoebox(fake, *paths) == 0
    assert "1 duplicate" in capsys.readouterr().err


def test_a_refusal_is_told_by_its_detail_and_the_others_are_sent(fake, tmp_path, capsys):
    paths = write_pictures(tmp_path, "a.jpg", "b.jpg")
    fake.before = [problem(415, "unsupported-type", "Not a picture at all.")]
    assert shoebox(fake, "--parallel", 1, *paths) == 1
    told = capsys.readouterr()
    assert f"refused {paths[0]}: Not a picture at all." in told.err
    assert told.out == "http://images.test/b.jpg\n"


def test_json_tells_of_every_file(fake, tmp_path, capsys):
    fake.before = [problem(415, "unsupported-type", "No.")]
    shoebox(fake, "--json", "--parallel", 1, *write_pictures(tmp_path, "a.jpg", "b.jpg"))
    first, second = json_lines(capsys.readouterr().out)
    assert (first["result"], first["code"], first["image"]) == ("refused", "unsupported-type", None)
    assert (second["result"], second["image"]["filename"]) == ("stored", "b.jpg")


def test_other_bytes_on_the_server_are_a_failure(fake, tmp_path, capsys, monkeypatch):
    fake.otherwise = lambda request, body: type(fake).otherwise(fake, request, body + b"?")
    assert shoebox(fake, *write_pictures(tmp_path, "a.jpg")) == 1
    assert "other bytes" in capsys.readouterr().err


def test_a_token_that_is_not_taken_sends_nothing(fake, tmp_path, capsys):
    fake_me = problem(401, "not-authenticated", "The token is not valid, or not any more.")
    answers = {"/api/v1/me": fake_me}
    refuse = lambda request: answers[request.url.path]  # noqa: E731 - a server of one answer
    assert shoebox(refuse, *write_pictures(tmp_path, "a.jpg")) == 2
    assert "not valid" in capsys.readouterr().err


def test_a_server_that_is_none_of_ours_is_named(tmp_path, capsys):
    refuse = lambda _request: problem(404, "not-found", "Not found.")  # noqa: E731 - one answer
    assert shoebox(refuse, *write_pictures(tmp_path, "a.jpg")) == 2
    assert f"{SERVER} has no API of a Shoebox" in capsys.readouterr().err


def test_a_server_that_is_away_is_named_once_per_try(tmp_path, capsys):
    def away(_request):
        raise httpx.ConnectError("refused")

    assert shoebox(away, "--tries", "2", *write_pictures(tmp_path, "a.jpg")) == 1
    first, last = capsys.readouterr().err.splitlines()
    assert (first.count(SERVER), last.count(SERVER)) == (1, 1)


def test_a_private_original_is_linked_by_its_largest_rendition(fake, tmp_path, capsys):
    def private(request, body):
        answer = type(fake).otherwise(fake, request, body)
        image = answer.json()
        image["links"]["original"] = None
        return type(answer)(201, json=image)

    fake.otherwise = private
    assert shoebox(fake, *write_pictures(tmp_path, "a.jpg")) == 0
    assert capsys.readouterr().out == "http://images.test/a/w1600.jpg\n"


def test_what_is_written_to_a_terminal_cannot_steer_it(fake, tmp_path, capsys):
    shoebox(fake, *write_pictures(tmp_path, "a\x1b[2J.jpg"))
    assert "\x1b[2J" not in capsys.readouterr().err
