"""Feeds the hub, on a thread of its own: by the broker where there is one, else by the index."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, close_old_connections

from webapp.events.exchange import BrokerAwayError, events_consume
from webapp.events.happened import Happened, happened_make
from webapp.events.hub import Hub
from webapp.events.index import IndexLook, TooMuchHappenedError
from webapp.events.metrics import SOURCE
from webapp.images.models import Image
from webapp.outbox.message import EventMessage

log = structlog.get_logger(__name__)

SOURCES: Final = ("broker", "index")
LOOK_SECONDS: Final = 1.0
BROKER_AGAIN_SECONDS: Final = 5.0
LINGER_SECONDS: Final = 60.0
"""So long after the last listener left events are still kept for who comes back."""


class Feed:
    """One thread for all listeners of a process; it ends when nobody has listened for a while.

    Args:
        hub: Is told what happened, on its loop.
        broker_url: Of the queue; RabbitMQ tells events, others are not asked.
    """

    def __init__(self, hub: Hub, *, broker_url: str) -> None:
        self._hub = hub
        self._broker_url = broker_url if broker_url.startswith("amqp") else ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._left_at = 0.0
        self._source = ""
        self._index = IndexLook()
        self._over = threading.Event()

    def begin(self) -> None:
        """Feed from now on, if that is not being done. Called on the loop of the hub."""
        if self._thread is not None and self._thread.is_alive() and not self._over.is_set():
            self._left_at = time.monotonic()  # or it might end before it sees who came
            return
        self._hub.forget()  # what happened meanwhile is not known
        self._loop = asyncio.get_running_loop()
        self._over = threading.Event()
        self._left_at = time.monotonic()
        self._thread = threading.Thread(
            target=self._run, args=(self._over,), name="events", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Let the thread end within a second or two; not waited for."""
        self._over.set()

    def _run(self, over: threading.Event) -> None:
        while not self._is_over(over):
            try:
                self._from_broker(over) if self._broker_url else self._from_index(over, None)
            except Exception:  # a defect here must not leave pages without events for ever
                log.exception("events failed")
                self._turn("")
                over.wait(BROKER_AGAIN_SECONDS)
        self._turn("")

    def _is_over(self, over: threading.Event) -> bool:
        if len(self._hub):
            self._left_at = time.monotonic()
        if time.monotonic() - self._left_at > LINGER_SECONDS:
            over.set()
        return over.is_set()

    def _tell(self, call: Callable[..., None], *args: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *args)

    # From the broker

    def _from_broker(self, over: threading.Event) -> None:
        try:
            events_consume(
                self._broker_url,
                take=self._take,
                connected=lambda: self._turn("broker"),
                stopped=lambda: self._is_over(over),
            )
        except BrokerAwayError as error:
            log.warning("events come from the index: broker away", error=str(error))
            self._from_index(over, BROKER_AGAIN_SECONDS)

    def _turn(self, source: str) -> None:
        """Go on from another source: what fell between the two is looked for by everybody."""
        if source == self._source:
            return
        self._source, self._index = source, IndexLook()
        for name in SOURCES:
            SOURCE.labels(name).set(name == source)
        self._tell(self._hub.refresh_all)

    def _take(self, messages: list[EventMessage]) -> None:
        """Tell whose image each message is about; nobody is told of one that is gone."""
        if not len(self._hub):
            return
        try:
            ids = {message.image_id for message in messages}
            owners = dict(Image.objects.filter(id__in=ids).values_list("id", "owner_id"))
        except DatabaseError as error:
            log.warning("index away", error=str(error))
            self._tell(self._hub.refresh_all)
            return
        finally:
            close_old_connections()
        self._publish(
            [
                happened_make(
                    event=message.event,
                    image_id=message.image_id,
                    owner_id=owners[message.image_id],
                    at=message.at,
                )
                for message in messages
                if message.image_id in owners
            ]
        )

    def _publish(self, happened: list[Happened]) -> None:
        if happened:
            self._tell(self._hub.publish, happened)

    # From the index

    def _from_index(self, over: threading.Event, seconds: float | None) -> None:
        """Look again and again, for so many seconds where the broker is to be tried again."""
        self._turn("index")
        began = time.monotonic()
        while not self._is_over(over):
            self._look(self._index)
            if seconds is not None and time.monotonic() - began > seconds:
                return
            over.wait(LOOK_SECONDS)

    def _look(self, look: IndexLook) -> None:
        owners = frozenset(map(UUID, self._hub.owners))
        if not owners:
            return
        try:
            self._publish(look.look(owners))
        except TooMuchHappenedError:
            self._tell(self._hub.refresh_all)
        except DatabaseError as error:
            log.warning("index away", error=str(error))
        finally:
            close_old_connections()
