"""Trying again: when, how often, and never twice the same picture."""

import time
from email.utils import formatdate

import httpx
import pytest

from tests.unit.webapp.client.fake import problem, shoebox, write_pictures

GONE = httpx.ConnectError("connection refused")


def busy(**headers):
    return problem(503, "busy", "All places are taken.", **headers)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_to_come_back_is_asked_when_it_says(fake, tmp_path, waits, status):
    fake.before = [problem(status, "busy", "Busy.", **{"Retry-After": "7"})]
    assert shoebox(fake, *write_pictures(tmp_path, "a.jpg")) == 0
    assert waits == [7]


def test_a_date_says_when_too(fake, tmp_path, waits):
    soon = formatdate(time.time() + 30, usegmt=True)
    fake.before = [busy(**{"Retry-After": soon})]
    assert shoebox(fake, *write_pictures(tmp_path, "a.jpg")) == 0
    assert 20 < waits[0] <= 30


@pytest.mark.parametrize(("asked", "waited"), [("1800", 1800), ("99999", 3600)])
def test_a_server_may_ask_for_an_hour_and_it_is_told_so(
    fake, tmp_path, waits, capsys, asked, waited
):
    fake.before = [busy(**{"Retry-After": asked})]
    assert shoebox(fake, *write_pictures(tmp_path, "a.jpg")) == 0
    assert waits == [waited]
    assert f"Trying again in {waited} s, as the server asks." in capsys.readouterr().err


def test_nobody_waits_longer_than_a_minute_unasked(fake, tmp_path, waits):
    fake.before = [busy()] * 9
    shoebox(fake, "--tries", 10, *write_pictures(tmp_path, "a.jpg"))
    assert waits[-1] == max(waits) == 60


@pytest.mark.parametrize("lost", [GONE, httpx.ReadTimeout("late"), httpx.RemoteProtocolError("x")])
def test_a_lost_connection_is_made_again(fake, tmp_path, lost):
    fake.before = [lost, lost]
    assert shoebox(fake, *write_pictures(tmp_path, "a.jpg")) == 0


def test_pauses_grow(fake, tmp_path, waits):
    fake.before = [GONE] * 4
    shoebox(fake, *write_pictures(tmp_path, "a.jpg"))
    assert len(waits) == 4
    assert all(0.75 * 2**n <= pause <= 1.25 * 2**n for n, pause in enumerate(waits))


def test_it_ends_after_so_many_tries(fake, tmp_path, capsys):
    fake.before = [busy()] * 10
    assert shoebox(fake, "--tries", 3, *write_pictures(tmp_path, "a.jpg")) == 1
    assert len(fake.requests) == 3
    assert "failed" in capsys.readouterr().err


def test_a_refusal_is_not_tried_again(fake, tmp_path):
    fake.before = [problem(507, "quota-exceeded", "Full.")]
    assert shoebox(fake, *write_pictures(tmp_path, "a.jpg")) == 1
    assert len(fake.requests) == 1


def test_a_retry_carries_the_key_and_the_bytes_of_the_first_attempt(fake, tmp_path):
    (path,) = write_pictures(tmp_path, "a.jpg")
    fake.before = [GONE]
    shoebox(fake, path)
    first, second = (request.headers["idempotency-key"] for request in fake.sent("POST"))
    assert first == second
    assert [request.content for request in fake.sent("POST")] == [path.read_bytes()] * 2


def test_another_run_has_another_key(fake, tmp_path):
    paths = write_pictures(tmp_path, "a.jpg")
    shoebox(fake, *paths)
    shoebox(fake, *paths)
    first, second = (request.headers["idempotency-key"] for request in fake.sent("POST"))
    assert first != second


def test_other_bytes_have_another_key(fake, tmp_path):
    shoebox(fake, *write_pictures(tmp_path, "a.jpg", "b.jpg"))
    assert len({request.headers["idempotency-key"] for request in fake.sent("POST")}) == 2


def test_a_redirect_is_told_and_not_followed(fake, tmp_path, capsys):
    fake.before = [httpx.Response(301, headers={"Location": "https://evil.test/"})]
    assert shoebox(fake, *write_pictures(tmp_path, "a.jpg")) == 1
    assert "moved to https://evil.test/" in capsys.readouterr().err
