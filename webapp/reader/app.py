"""The ASGI application of the read service: requests in, answers out, nothing decided here."""

import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from webapp.core.errors import (
    MethodNotAllowedError,
    RangeNotSatisfiableError,
    ShoeboxError,
)
from webapp.reader.answers import Answer, error_answer, text_answer
from webapp.reader.headers import PENDING
from webapp.reader.metrics import CONTENT_TYPE
from webapp.reader.parts import Parts
from webapp.reader.sending import Receive, Send, answer_send, closing_send

METHODS: Final = "GET, HEAD"
_METHODS: Final = frozenset({"GET", "HEAD"})
log = structlog.get_logger("webapp.reader")


class ReadService:
    """The read service.

    Args:
        make_parts: Makes its parts, on the event loop and after any fork.
        started: Called on the event loop once it can serve.
    """

    def __init__(
        self,
        make_parts: Callable[[], Parts],
        *,
        started: Callable[["ReadService"], object] = lambda _: None,
    ) -> None:
        self._make_parts = make_parts
        self._on_start = started
        self._draining = False
        self._parts: Parts | None = None
        self._ready: Callable[[str, str, Any], Answer | None] = _nothing_ready
        self._own = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the life of the process."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._lifespan(receive, send)
            return
        started = time.perf_counter()
        parts, path = self._started(), scope["path"]
        answer = self._ready(scope["method"], path, scope)
        if answer is None:
            await self._slowly(parts, scope, receive, send)
            return
        await send(answer.start)
        await send(answer.finish)
        seconds = time.perf_counter() - started
        parts.metrics.requests.add(answer.status, answer.cache, seconds, answer.size)
        parts.access_log.add_shared(path, answer, seconds)

    def drain(self, replaced: bool) -> None:  # noqa: FBT001 - it is all a signal says
        """Keep no connection beyond the request on it; be ready only where others answer."""
        self._started().closing = not replaced
        self._draining = True
        # What is prepared for many requests says nothing of its connection.
        self._ready = _nothing_ready

    async def _slowly(self, parts: Parts, scope: Any, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        method, path = scope["method"], scope["path"]
        answer = await self._answer(parts, method, path, scope)
        if self._draining:
            send = closing_send(send)
        stall = parts.settings.stall_seconds
        whole = await answer_send(
            answer,
            method=method,
            receive=receive,
            send=send,
            stall_seconds=stall,
            on_the_way=parts.on_the_way,
        )
        seconds = time.perf_counter() - started
        parts.metrics.requests.add(answer.status, answer.cache, seconds, answer.size)
        parts.metrics.requests.cut_off += not whole
        parts.access_log.add(method, path, answer, seconds, whole=whole)

    async def _answer(self, parts: Parts, method: str, path: str, scope: Any) -> Answer:
        try:
            if method not in _METHODS:
                return error_answer(MethodNotAllowedError(method=method[:20], allow=METHODS))
            if (own := self._own.get(path)) is not None:
                return own(parts)
            return await parts.reading.answer(method, path, scope["query_string"], scope["headers"])
        except RangeNotSatisfiableError as error:
            size = f"bytes */{error.extra['size']}".encode()
            return error_answer(error, (b"content-range", size))
        except ShoeboxError as error:
            return error_answer(error, *([PENDING] if "pending" in error.extra else []))
        except Exception:
            log.exception("request failed", path=path[:200])
            return error_answer(ShoeboxError("The reason is in the log."))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._parts = self._make_parts()
                await self._parts.start()
                self._ready = self._parts.reading.ready
                self._on_start(self)
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._started().stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _started(self) -> Parts:
        if self._parts is None:
            message = "the read service needs a server that speaks the lifespan protocol"
            raise RuntimeError(message)
        return self._parts

    def _healthz(self, _parts: Parts) -> Answer:
        return text_answer(200, "text/plain", b"ok\n")

    def _readyz(self, parts: Parts) -> Answer:
        said = parts.readiness()
        return text_answer(200 if said.ready else 503, "application/json", said.document)

    def _metrics(self, parts: Parts) -> Answer:
        return text_answer(200, CONTENT_TYPE, parts.metrics.render())


def _nothing_ready(_method: str, _path: str, _scope: Any) -> Answer | None:
    """Have every request decided by itself."""
    return None
