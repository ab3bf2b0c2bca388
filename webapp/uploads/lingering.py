"""Refusals that are heard: what a client still sends is thrown away for a moment.

A server that closes a connection while bytes of a body lie unread in it resets it, and that may
take the answer with it: a browser then says that the connection was lost, and nginx says 502.
Ours closes as soon as an answer is out, so the last byte of one is held back meanwhile. Who reads
the status first, as nginx and curl do, has it at once.

Source: RFC 9112 section 9.6; what nginx calls ``lingering_close``.
"""

import asyncio
from typing import Any, Final

from webapp.uploads.body import Message, Receive, Scope, Send

LINGER_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 0.2
LINGER_BYTES: Final = 128 * 1024 * 1024
"""As much as our edge takes for an upload."""
ENDLESS_BYTES: Final = 2 * 1024 * 1024
_EXPECT: Final = b"expect"
_LENGTH: Final = b"content-length"
_ENDLESS: Final = b"transfer-encoding"


class Lingering:
    """Keeps reading after an answer that came before the body had ended, and keeps nothing.

    A client that waits for ``100 Continue`` has sent nothing, and will not.

    Args:
        application: Gets the requests.
        seconds: How long at most.
        silent_seconds: How long while nothing comes.
        limit: How many bytes at most.
        endless_limit: The same of a body that does not say where it ends.
    """

    def __init__(
        self,
        application: Any,
        *,
        seconds: float = LINGER_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
        limit: int = LINGER_BYTES,
        endless_limit: int = ENDLESS_BYTES,
    ) -> None:
        self._application = application
        self._seconds = seconds
        self._silent_seconds = silent_seconds
        self._limit = limit
        self._endless_limit = endless_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request be answered."""
        room = self._room(scope)
        if not room:
            await self._application(scope, receive, send)
            return
        body = _Body(receive, send)
        await self._application(scope, body.receive, body.send)
        if body.held_back:
            await self._drain(body, room)
            await send({"type": "http.response.body", "body": body.held_back})

    def _room(self, scope: Scope) -> int:
        """Return how many bytes to throw away at most; 0 where none can follow an answer."""
        names = {name for name, _ in scope["headers"]} if scope["type"] == "http" else set()
        if _EXPECT in names or not names & {_LENGTH, _ENDLESS}:
            return 0
        return self._limit if _LENGTH in names else self._endless_limit

    async def _drain(self, body: "_Body", room: int) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                while not body.ended and room > 0:
                    async with asyncio.timeout(self._silent_seconds):
                        room -= len((await body.receive()).get("body", b""))
        except TimeoutError:
            return


class _Body:
    """Whether the body of a request has ended, and the last byte of an answer that came before."""

    # Thousands are held at a time.
    __slots__ = ("_receive", "_send", "ended", "held_back")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.ended = False
        self.held_back = b""

    async def receive(self) -> Message:
        message = await self._receive()
        self.ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: dict[str, Any]) -> None:
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if last and not self.ended:
            said, self.held_back = message.get("body", b"")[:-1], message.get("body", b"")[-1:]
            message = {**message, "body": said, "more_body": bool(self.held_back)}
        await self._send(message)
