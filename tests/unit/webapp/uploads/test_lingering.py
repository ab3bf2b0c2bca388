"""An answer that came before the body had ended is heard all the same."""

import asyncio

import pytest

from webapp.uploads.lingering import Lingering

START = {"type": "http.response.start", "status": 413, "headers": []}
ANSWER = {"type": "http.response.body", "body": b"refused"}
OPEN = {"type": "http.response.body", "body": b"refuse", "more_body": True}
CLOSE = {"type": "http.response.body", "body": b"d"}
MORE = {"type": "http.request", "body": b"12345", "more_body": True}
LAST = {"type": "http.request", "body": b"6", "more_body": False}
GONE = {"type": "http.disconnect"}


LENGTH = (b"content-length", b"70000000")


async def run(messages, *, reads=0, headers=(LENGTH,), **limits):
    """Return what the client was sent, and how many messages of its body are left."""
    pending, sent = list(messages), []

    async def receive():
        if not pending:
            await asyncio.Event().wait()
        return pending.pop(0)

    async def send(message):
        sent.append(message)

    async def application(_scope, receive, send):
        for _ in range(reads):
            await receive()
        await send(START)
        await send(ANSWER)

    scope = {"type": "http", "headers": list(headers)}
    await Lingering(application, **limits)(scope, receive, send)
    return sent, len(pending)


@pytest.mark.parametrize("reads", [0, 1])
async def test_the_rest_is_read_after_the_answer_is_out(reads):
    assert await run([MORE, MORE, LAST], reads=reads) == ([START, OPEN, CLOSE], 0)


async def test_nothing_changes_once_the_body_has_ended():
    assert await run([MORE, LAST], reads=2) == ([START, ANSWER], 0)


async def test_who_hangs_up_is_let_go():
    assert await run([MORE, GONE, MORE]) == ([START, OPEN, CLOSE], 1)


@pytest.mark.parametrize(
    ("limit", "headers"),
    [("limit", [LENGTH]), ("endless_limit", [(b"transfer-encoding", b"chunked")])],
)
async def test_it_ends_after_so_many_bytes(limit, headers):
    sent, left = await run([MORE] * 9, headers=headers, **{limit: 11})
    assert (sent, left) == ([START, OPEN, CLOSE], 6)


@pytest.mark.parametrize("limit", ["seconds", "silent_seconds"])
async def test_it_ends_after_so_long(limit):
    assert await run([MORE], **{limit: 0.01}) == ([START, OPEN, CLOSE], 0)


async def test_who_waits_to_be_told_to_send_is_not_waited_for():
    sent, left = await run([LAST], headers=[LENGTH, (b"expect", b"100-continue")])
    assert (sent, left) == ([START, ANSWER], 1)


async def test_a_request_without_a_body_is_answered_as_it_is():
    assert await run([LAST], headers=[]) == ([START, ANSWER], 1)


async def test_a_start_of_the_process_passes():
    passed = []

    async def application(scope, _receive, _send):
        passed.append(scope["type"])

    await Lingering(application)({"type": "lifespan"}, None, None)
    assert passed == ["lifespan"]
