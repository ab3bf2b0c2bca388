"""Sending: an answer onto the wire, large ones piece by piece as the client takes them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from webapp.core.errors import DigestMismatchError, ShardUnavailableError
from webapp.reader.answers import Answer, Message
from webapp.reader.on_the_way import OnTheWay
from webapp.reader.stream import PIECE_BYTES

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WHOLE_SEND_BYTES: Final = 1024 * 1024
"""Larger bodies go in pieces: one waits in the server's memory for each slow client."""
_EMPTY: Final[Message] = {"type": "http.response.body", "body": b"", "more_body": False}
log = structlog.get_logger("webapp.reader")


def closing_send(send: Send) -> Send:
    """Return ``send`` for answers after which the connection is closed.

    Source: RFC 9112 section 9.6: a server that will close says so with its last answer.
    """

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            message = {**message, "headers": headers}
        await send(message)

    return tell


async def answer_send(
    answer: Answer,
    *,
    method: str,
    receive: Receive,
    send: Send,
    stall_seconds: float,
    on_the_way: OnTheWay,
) -> bool:
    """Send an answer; return whether all of it went out.

    What cannot be sent whole is cut off: the body ends short of its Content-Length, so the
    server closes the connection and no client takes it for the whole.

    Args:
        answer: What to send.
        method: HEAD sends no body.
        receive: Tells when the client has gone.
        send: Waits while the client takes nothing.
        stall_seconds: It waits no longer than this for one piece.
        on_the_way: Counts what the client keeps us from forgetting.
    """
    await send(answer.start)
    if method == "HEAD" or not answer.size:
        await send(_EMPTY)
    elif answer.stream is None and answer.size <= WHOLE_SEND_BYTES:
        await send(answer.finish)
    else:
        with on_the_way.sending(answer.body):
            return await _pieces_send(answer, receive, send, stall_seconds)
    return True


async def _pieces_send(answer: Answer, receive: Receive, send: Send, stall_seconds: float) -> bool:
    gone = asyncio.create_task(_gone(receive))
    try:
        async for piece in _pieces(answer):
            # A server may take pieces for a client that has gone, and say nothing.
            if gone.done():
                return False
            async with asyncio.timeout(stall_seconds):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send(_EMPTY)
    except (DigestMismatchError, ShardUnavailableError) as error:
        log.warning("answer cut off", shard=answer.shard, detail=error.detail)
        return False
    except (TimeoutError, OSError):
        return False
    finally:
        gone.cancel()
        if answer.stream is not None:
            with suppress(ShardUnavailableError):
                await answer.stream.aclose()
    return True


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pieces(answer: Answer) -> AsyncIterator[bytes]:
    if answer.stream is not None:
        async for piece in answer.stream.pieces():
            yield piece
        return
    for at in range(0, len(answer.body), PIECE_BYTES):
        yield bytes(answer.body[at : at + PIECE_BYTES])
