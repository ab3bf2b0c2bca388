"""A limit on the bodies of all other requests: Django's handler would spool any of them to disk."""

from typing import Any

from webapp.core.errors import TooLargeError
from webapp.limits.door import problem_send
from webapp.uploads.body import Message, Receive, Scope, Send, headers_of

LIMIT_BYTES = 1024 * 1024


class BoundedBody:
    """Passes requests on whose body stays under a limit.

    One that announces more is answered with 413; one that sends more without saying so looks
    to the application like a client that went away.

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
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return {"type": "http.disconnect"} if seen > self._limit else message

        await self._application(scope, bounded, send)
