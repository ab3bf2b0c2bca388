"""The ASGI application of the render process: read services ask, and get a word back.

``POST`` to the very path and signature of a size on demand; 204 once it is stored. No bytes: they
are read from the shards, where they are verified.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from webapp.core.errors import MethodNotAllowedError, NotFoundError, ShoeboxError
from webapp.core.signing import Keyring
from webapp.reader.answers import NO_STORE, Answer, error_answer, text_answer
from webapp.reader.metrics import CONTENT_TYPE
from webapp.reader.names import Name, What, name_parse
from webapp.reader.sending import Receive, Send
from webapp.reader.terms import terms_parse
from webapp.render.parts import RenderParts

log = structlog.get_logger(__name__)
_STORED: Final = 204


class RenderService:
    """The render process.

    Args:
        make_parts: Makes its parts, on the event loop and after any fork.
        clock: Seconds since 1970; tests bring their own.
    """

    def __init__(
        self, make_parts: Callable[[], RenderParts], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._make_parts = make_parts
        self._clock = clock
        self._parts: RenderParts | None = None
        self._own = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the life of the process."""
        if scope["type"] == "http":
            await self._http(scope, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _http(self, scope: Any, send: Send) -> None:
        answer = await self._answer(self._started(), scope)
        await send(answer.start)
        await send(answer.finish)

    async def _answer(self, parts: RenderParts, scope: Any) -> Answer:
        method, path = scope["method"], scope["path"]
        if (own := self._own.get(path)) is not None:
            if method == "GET":
                return own(parts)
            return error_answer(MethodNotAllowedError(method=method[:20], allow="GET"))
        if method != "POST":
            return error_answer(MethodNotAllowedError(method=method[:20], allow="POST"))
        started = time.perf_counter()
        answer = await self._made(parts, path, scope["query_string"])
        parts.metrics.requests.labels(answer.status).inc()
        ms = round((time.perf_counter() - started) * 1000, 1)
        log.info("render", path=path[:64], status=answer.status, ms=ms)
        return answer

    async def _made(self, parts: RenderParts, path: str, query: bytes) -> Answer:
        try:
            keyring = parts.settings.reader.keyring
            name = _name(path, query, keyring=keyring, now=self._clock())
            await parts.making.make(name)
        except ShoeboxError as error:
            return error_answer(error)
        except Exception:
            log.exception("size not made", path=path[:64])
            return error_answer(ShoeboxError("The reason is in the log."))
        return Answer(_STORED, [NO_STORE])

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._parts = self._make_parts()
                await self._parts.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._started().stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _started(self) -> RenderParts:
        if self._parts is None:
            message = "the render process needs a server that speaks the lifespan protocol"
            raise RuntimeError(message)
        return self._parts

    def _healthz(self, _parts: RenderParts) -> Answer:
        return text_answer(200, "text/plain", b"ok\n")

    def _readyz(self, parts: RenderParts) -> Answer:
        said = parts.readiness()
        return text_answer(200 if said.ready else 503, "application/json", said.document)

    def _metrics(self, parts: RenderParts) -> Answer:
        return text_answer(200, CONTENT_TYPE, parts.metrics.render())


def _name(path: str, query: bytes, *, keyring: Keyring, now: float) -> Name:
    """Return what is asked for.

    Verified here too: whoever reaches this port without a key cannot have anything made.

    Raises:
        NotFoundError: It is no size on demand.
        NotAllowedError: No signature, or no good one.
    """
    name = name_parse(path)
    if name is None or name.what is not What.ON_DEMAND:
        raise NotFoundError
    terms_parse(name, query, keyring=keyring, now=now)
    return name
