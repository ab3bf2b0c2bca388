"""`GET /api/v1/events`: plain ASGI beside Django, a stream for each listener and a thread for none.

Source: HTML Living Standard, section 9.2 (server-sent events).
"""

import asyncio
import random
import signal
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from webapp.accounts.models import Scope as TokenScope
from webapp.accounts.sessions import principal_for
from webapp.core.errors import BusyError, MethodNotAllowedError, ShoeboxError
from webapp.core.problem import problem
from webapp.events.feed import Feed
from webapp.events.happened import HEARTBEAT, greeting
from webapp.events.hub import Hub, Listener
from webapp.events.metrics import LISTENERS, STREAMS

log = structlog.get_logger(__name__)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PATH: Final = "/api/v1/events"
HEARTBEAT_SECONDS: Final = 15.0
STREAM_SECONDS: Final = 600.0
"""A stream ends then and is asked for anew, so that who was signed out hears no more."""
RETRY_MS: Final = (1000, 4000)
AUTH_THREADS: Final = 2
_HEADERS: Final = {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-accel-buffering": "no",  # nginx would keep events until it has a page of them
}


class EventStreams:
    """Answers requests for events and leaves everything else to another ASGI application.

    Args:
        other: Gets every other request.
    """

    def __init__(self, other: Any) -> None:
        self._other = other
        self._hub = Hub(most=settings.SHOEBOX.max_event_listeners)
        self._feed = Feed(self._hub, broker_url=settings.SHOEBOX.broker_url)
        self._auth = ThreadPoolExecutor(AUTH_THREADS, thread_name_prefix="events-auth")
        self._ending: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the start of the process."""
        if scope["type"] == "lifespan":
            self._close_on_signal(asyncio.get_running_loop())
        if scope["type"] == "http" and scope["path"] == PATH:
            await self._answer(scope, receive, send)
        else:
            await self._other(scope, receive, send)

    def _close_on_signal(self, loop: asyncio.AbstractEventLoop) -> None:
        """End all streams when the server is asked to end, or it would wait for them.

        By the time the server says so itself it has waited. Its own handlers, which it has set
        on the loop, run as well. SIGTERM only begins a drain, at whose end this signal comes:
        whom a stream was cut off from before would be told by this very process to stay away.
        """

        def close(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.close)

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, close)

    def close(self) -> None:
        """End all streams and take no more."""
        self._hub.close()
        self._feed.end()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            listener = await self._join(scope)
        except ShoeboxError as error:
            await self._refuse(error, send)
        except DatabaseError as error:
            log.warning("index away", error=str(error))
            await self._refuse(BusyError("The index does not answer at the moment."), send)
        except Exception:  # the outermost door: a defect is logged whole and told shortly
            log.exception("events failed")
            await self._refuse(ShoeboxError(), send)
        else:
            STREAMS.labels("opened").inc()
            await self._stream(listener, receive, send)

    async def _join(self, scope: Scope) -> Listener:
        if scope["method"] != "GET":
            raise MethodNotAllowedError(f"{scope['method'][:32]} is not GET.", allow="GET")
        loop = asyncio.get_running_loop()
        owner_id = await loop.run_in_executor(self._auth, _owner_of, scope)
        self._hub.room_check(owner_id)
        self._feed.begin()
        return self._hub.join(owner_id, last_event_id=_last_event_id(scope))

    async def _refuse(self, error: ShoeboxError, send: Send) -> None:
        STREAMS.labels(error.code).inc()
        said = problem(error)
        await _start(send, said.status, said.headers)
        await send({"type": "http.response.body", "body": said.body})

    async def _stream(self, listener: Listener, receive: Receive, send: Send) -> None:
        LISTENERS.inc()
        leaving = asyncio.create_task(_until_gone(receive, listener))
        try:
            await _start(send, 200, _HEADERS)
            await self._tell(listener, send)
        finally:
            leaving.cancel()
            self._hub.leave(listener)
            LISTENERS.dec()

    async def _tell(self, listener: Listener, send: Send) -> None:
        loop = asyncio.get_running_loop()
        # Not all at once, when they come back after a restart or at the end of their time.
        retry_ms = random.randint(*RETRY_MS)  # noqa: S311 - spreads load, hides nothing
        ends = loop.time() + STREAM_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311 - the same
        await _say(send, greeting(listener.begins_at, retry_ms=retry_ms))
        while loop.time() < ends and not listener.over:
            await _say(send, await listener.next(within=HEARTBEAT_SECONDS) or HEARTBEAT)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _owner_of(scope: Scope) -> str:
    close_old_connections()
    try:
        return str(principal_for(scope, TokenScope.READ).user.pk)
    finally:
        close_old_connections()


def _last_event_id(scope: Scope) -> str:
    """Return the last event a listener knows; a page that was hidden says it in the query."""
    found = [value for name, value in scope["headers"] if name.lower() == b"last-event-id"]
    if found:
        return str(found[-1], "latin-1")
    return dict(parse_qsl(str(scope["query_string"], "latin-1"))).get("after", "")


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    listener.end()


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


async def _say(send: Send, said: bytes) -> None:
    await send({"type": "http.response.body", "body": said, "more_body": True})
