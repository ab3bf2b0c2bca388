"""Reading a request body from ASGI: chunk by chunk, with a limit on silence."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from webapp.core.errors import CallerError

Scope = Mapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class ClientGoneError(CallerError):
    """The body ended before its end: the client is gone, or what it sent is no HTTP any more.

    The server tells the two alike, and says 500 to a client that is still there and hears nothing.
    """

    code = "malformed-request"
    title = "The body did not arrive whole"


class ClientSilentError(CallerError):
    """The client stopped sending in the middle of the body."""

    code = "malformed-request"
    status = 408
    title = "The body did not arrive"


async def body_chunks(receive: Receive, *, idle_seconds: float) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; nothing of it is kept while the next chunk is waited for.

    Who iterates should let go of a chunk as well, or each slow client costs as much memory.

    Raises:
        ClientGoneError: The client disconnected before the end.
        ClientSilentError: Nothing arrived for ``idle_seconds``.
    """
    more = True
    while more:
        try:
            async with asyncio.timeout(idle_seconds):
                message = await receive()
        except TimeoutError:
            raise ClientSilentError(
                f"Nothing arrived for {idle_seconds:g} s; the upload was dropped."
            ) from None
        if message["type"] != "http.request":
            raise ClientGoneError
        more = message.get("more_body", False)
        chunk = message.get("body", b"")
        del message  # or it would keep the chunk until the next one arrives
        if chunk:
            yield chunk
        del chunk


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the request's headers by lower-case name; of a repeated one the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
