import asyncio

import pytest

from webapp.core.errors import ShardUnavailableError
from webapp.core.signing import bytes_digest
from webapp.reader.answers import Answer
from webapp.reader.on_the_way import OnTheWay
from webapp.reader.sending import WHOLE_SEND_BYTES, answer_send
from webapp.reader.stream import PIECE_BYTES, BlobStream
from webapp.storage.aio.base import AsyncBlob
from webapp.storage.base import BlobStat

LARGE = bytes(range(256)) * 8192


class Client:
    """A client that takes messages, and goes away or stalls after so many pieces."""

    def __init__(self, *, leaves_after=None, stalls_after=None):
        self.messages = []
        self.leaves_after, self.stalls_after = leaves_after, stalls_after
        self.gone = asyncio.Event()

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.messages)

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.messages.append(message)
        if len(self.messages) == self.leaves_after:
            self.gone.set()
            await asyncio.sleep(0)
        if len(self.messages) == self.stalls_after:
            await asyncio.Event().wait()

    async def get(self, answer, *, method="GET", stall_seconds=5.0):
        return await answer_send(
            answer,
            method=method,
            receive=self.receive,
            send=self.send,
            stall_seconds=stall_seconds,
            on_the_way=OnTheWay(0),
        )


class FailingChunks:
    def __init__(self, *chunks, error=None):
        self.chunks, self.error, self.closed = list(chunks), error, False

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.chunks:
            return self.chunks.pop(0)
        if self.error:
            raise self.error
        raise StopAsyncIteration

    async def aclose(self):
        self.closed = True


class Streaming:
    def __init__(self, chunks, *, size, digest=None):
        self.chunks, self.bad, self.failed = chunks, 0, []
        blob = AsyncBlob(BlobStat(size, 0.0, None), chunks)
        self.stream = BlobStream(
            blob,
            shard="a1",
            start=0,
            end=size,
            digest=digest,
            bad=self._note,
            failed=self.failed.append,
        )
        self.answer = Answer(200, [], stream=self.stream, cache="shard", shard="a1")

    def _note(self):
        self.bad += 1


async def test_a_small_body_is_one_message():
    client = Client()
    assert await client.get(Answer(200, [], b"body"))
    assert [message.get("body") for message in client.messages] == [None, b"body"]


async def test_head_sends_no_body():
    client = Client()
    await client.get(Answer(200, [], b"body"), method="HEAD")
    assert client.body == b""


async def test_a_large_body_goes_in_pieces():
    client = Client()
    assert await client.get(Answer(200, [], LARGE))
    assert len(LARGE) > WHOLE_SEND_BYTES
    assert client.body == LARGE
    assert max(len(message.get("body", b"")) for message in client.messages) == PIECE_BYTES


async def test_a_stream_is_sent_whole_when_its_digest_is_right():
    client, streaming = (
        Client(),
        Streaming(FailingChunks(LARGE[:5], LARGE[5:]), size=len(LARGE), digest=bytes_digest(LARGE)),
    )
    assert await client.get(streaming.answer)
    assert client.body == LARGE


@pytest.mark.parametrize(
    "data", [b"x" + LARGE[1:], LARGE[:-1], LARGE + b"x"], ids=["wrong", "short", "long"]
)
async def test_wrong_bytes_are_never_all_sent(data):
    client, streaming = (
        Client(),
        Streaming(FailingChunks(data), size=len(LARGE), digest=bytes_digest(LARGE)),
    )
    assert not await client.get(streaming.answer)
    assert len(client.body) < len(data)
    assert streaming.bad == 1


async def test_a_shard_that_stops_cuts_the_answer_off():
    error = ShardUnavailableError("stopped")
    client, streaming = Client(), Streaming(FailingChunks(LARGE, error=error), size=len(LARGE) * 2)
    assert not await client.get(streaming.answer)
    assert streaming.failed == [error]


async def test_nothing_more_is_read_for_a_client_that_has_gone():
    client = Client(leaves_after=2)
    streaming = Streaming(FailingChunks(*[LARGE] * 10), size=len(LARGE) * 10)
    assert not await client.get(streaming.answer)
    assert len(streaming.chunks.chunks) == 9
    assert streaming.chunks.closed


async def test_a_client_that_takes_nothing_is_cut_off():
    client, streaming = Client(stalls_after=2), Streaming(FailingChunks(LARGE), size=len(LARGE))
    assert not await client.get(streaming.answer, stall_seconds=0.02)
    assert streaming.chunks.closed
