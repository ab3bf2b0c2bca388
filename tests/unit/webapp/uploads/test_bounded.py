import json

import pytest

from webapp.uploads.bounded import BoundedBody

END = {"type": "http.request", "body": b"", "more_body": False}


async def run(chunks, *, headers=(), limit=10, last=END):
    """Return what the application read and what the client was sent."""
    read, sent = [], []
    messages = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]
    messages.append(last)
    pending = iter(messages)

    async def receive():
        return next(pending)

    async def send(message):
        sent.append(message)

    async def application(scope, receive, send):
        while True:
            message = await receive()
            read.append(message)
            if message["type"] != "http.request" or not message["more_body"]:
                return

    await BoundedBody(application, limit=limit)(
        {"type": "http", "headers": list(headers)}, receive, send
    )
    return read, sent


async def test_a_small_body_passes_unchanged():
    read, sent = await run([b"12345", b"67890"])
    assert [m["body"] for m in read] == [b"12345", b"67890", b""]
    assert sent == []


async def test_an_announced_large_body_is_refused_before_it_is_read():
    read, sent = await run([b"1" * 11], headers=[(b"content-length", b"11")])
    assert read == []
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["code"] == "too-large"


async def test_a_body_that_grows_past_the_limit_is_cut_off():
    read, sent = await run([b"1" * 6, b"1" * 6])
    assert read[-1] == {"type": "http.disconnect"}
    assert sent[0]["status"] == 413


async def test_a_body_that_breaks_off_is_refused():
    _, sent = await run([b"1"], last={"type": "http.disconnect"})
    assert sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["code"] == "malformed-request"


@pytest.mark.parametrize("length", [b"", b"x", b"-1"])
async def test_a_length_that_is_no_number_is_left_to_the_application(length):
    read, _ = await run([b"1"], headers=[(b"content-length", length)])
    assert read[0]["body"] == b"1"
