"""A limit on the bodies of all other requests: Django's handler would spool any of them to disk."""

from typing import Any

from webapp.core.errors import ShoeboxError, TooLargeError
from webapp.limits.door import problem_send
from webapp.uploads.body import ClientGoneError, Message, Receive, Scope, Send, headers_of

LIMIT_BYTES = 1024 * 1024


class BoundedBody:
    """Passes requests on whose body stays under a limit.

    One that announces more is answered with 413. One that sends more without saying so looks to
    the application like a client that went away, and gets the same answer; a body that breaks off
    gets 400, which nobody hears where the client has really gone.

    Args:
        application: Gets the requests.
        limit: Most bytes of a body.
    """

    def __init__(self, application: Any, *, limit: int = LIMIT_BYTES) -> None:
        self._application = application
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        length = headers_of(scope).get("content-length", "") if "headers" in scope else ""
        if length.isdecimal() and int(length) > self._limit:
            await problem_send(send, TooLargeError(bytes=int(length), limit=self._limit))
            return
        body = _Body(receive, send, self._limit)
        await self._application(scope, body.receive, body.send)
        if body.refusal is not None and not body.answered:
            await problem_send(send, body.refusal)


class _Body:
    """One body on its way to the application, and whether that has said anything."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive, self._send, self._limit = receive, send, limit
        self._seen = 0
        self.answered = False
        self.refusal: ShoeboxError | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            self.refusal = TooLargeError(bytes=self._seen, limit=self._limit)
            return {"type": "http.disconnect"}
        if message["type"] == "http.disconnect":
            self.refusal = ClientGoneError()
        return message

    async def send(self, message: dict[str, Any]) -> None:
        self.answered = True
        await self._send(message)
