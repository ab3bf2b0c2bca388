import asyncio

import pytest

from webapp.uploads.body import ClientGoneError, ClientSilentError, body_chunks, headers_of


def receiving(*messages):
    """Return an ASGI receive that gives these messages, and then nothing for ever."""
    waiting = list(messages)

    async def receive():
        if not waiting:
            await asyncio.get_running_loop().create_future()
        return waiting.pop(0)

    return receive


def request(body, *, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


async def read(receive, idle_seconds=5.0):
    return [chunk async for chunk in body_chunks(receive, idle_seconds=idle_seconds)]


async def test_chunks_come_as_they_arrive():
    receive = receiving(request(b"one"), request(b"two"), request(b"three", more=False))
    assert await read(receive) == [b"one", b"two", b"three"]


async def test_a_chunk_is_given_on_before_the_next_is_there():
    chunks = body_chunks(receiving(request(b"one")), idle_seconds=5)
    assert await anext(chunks) == b"one"
    await chunks.aclose()


@pytest.mark.parametrize(
    "last", [request(b"", more=False), {"type": "http.request"}], ids=["said", "left out"]
)
async def test_a_body_may_end_with_nothing(last):
    assert await read(receiving(request(b"one"), request(b""), last)) == [b"one"]


async def test_nothing_is_asked_for_behind_the_end():
    assert await read(receiving(request(b"", more=False)), idle_seconds=0.01) == []


async def test_a_client_that_leaves_is_gone():
    with pytest.raises(ClientGoneError):
        await read(receiving(request(b"one"), {"type": "http.disconnect"}))


async def test_a_silent_client_is_dropped():
    with pytest.raises(ClientSilentError, match="Nothing arrived") as error:
        await read(receiving(request(b"one")), idle_seconds=0.01)
    assert error.value.status == 408


@pytest.fixture
async def clock(monkeypatch):
    """Return the loop's clock as a list: what is added to it passes without waiting."""
    loop, passed = asyncio.get_running_loop(), []
    started = loop.time()
    monkeypatch.setattr(loop, "time", lambda: started + sum(passed))
    return passed


def receiving_every(seconds, clock, count):
    messages = iter([*[request(b"x")] * count, request(b"", more=False)])

    async def receive():
        clock.append(seconds)
        for _ in range(3):
            await asyncio.sleep(0)  # the loop looks at its clock
        return next(messages)

    return receive


async def test_a_slow_client_may_take_any_time(clock):
    assert len(await read(receiving_every(29, clock, 100), idle_seconds=30)) == 100


async def test_a_client_may_not_be_silent_for_longer_than_set(clock):
    with pytest.raises(ClientSilentError):
        await read(receiving_every(31, clock, 100), idle_seconds=30)


async def test_a_cancelled_request_is_cancelled_at_once():
    task = asyncio.create_task(read(receiving(request(b"one"))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_of_a_repeated_header_the_last_counts():
    scope = {"headers": [(b"host", b"a"), (b"x", b"caf\xe9"), (b"host", b"b")]}
    assert headers_of(scope) == {"host": "b", "x": "caf\xe9"}
