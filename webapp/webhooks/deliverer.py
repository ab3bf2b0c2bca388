"""Out of the index to the receivers: many at a time, so that a slow one holds up no other."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from webapp.outside.pinned import client_make
from webapp.webhooks.deliveries import (
    deliveries_forget,
    delivery_claim,
    delivery_note,
    parcel_make,
)
from webapp.webhooks.models import DeliveryState, WebhookDelivery
from webapp.webhooks.posting import POST_SECONDS, Answer, post

log = structlog.get_logger(__name__)

T = TypeVar("T")

MOST_AT_A_TIME = 32
MOST_PER_WEBHOOK = 4
IDLE_SECONDS = 2.0
"""Until the next look for what is due again, or was made by another process."""
AWAY_SECONDS = 1.0
FORGET_SECONDS = 600.0
GRACE_SECONDS = 3.0


class Deliverer:
    """Sends what is due. One thread asks the index; the event loop waits for the receivers."""

    def __init__(self) -> None:
        self._client = client_make(timeout=POST_SECONDS)
        self._index = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._under_way: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._made = asyncio.Event()
        self._forget_at = 0.0

    async def run(self, *, stopped: asyncio.Event) -> None:
        """Send until ``stopped``; what is under way then gets a few seconds to end.

        What is cut off is due again when its lease is over: it may arrive twice, never not.
        """
        stopping, making = (asyncio.create_task(e.wait()) for e in (stopped, self._made))
        try:
            while not stopped.is_set():
                pause = await self._step()
                # A place that becomes free is taken at once.
                awaited = {stopping, making, *self._tasks}
                await asyncio.wait(awaited, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if making.done():
                    self._made.clear()
                    making = asyncio.create_task(self._made.wait())
        finally:
            stopping.cancel()
            making.cancel()
            await self._end()

    def made(self) -> None:
        """Hear that there are new deliveries: they are begun at once. On the loop's thread."""
        self._made.set()

    async def _step(self) -> float:
        """Begin one delivery or do one other small thing; return how long to wait then."""
        try:
            await self._forget()
            begun = len(self._tasks) < MOST_AT_A_TIME and await self._begin()
        except DatabaseError as error:
            log.warning("index away", error=str(error))
            return AWAY_SECONDS
        return 0.0 if begun else IDLE_SECONDS

    async def _begin(self) -> bool:
        busy = [pk for pk, count in self._under_way.items() if count >= MOST_PER_WEBHOOK]
        delivery = await self._ask(lambda: delivery_claim(busy=busy, now=timezone.now()))
        if delivery is None:
            return False
        self._under_way[delivery.webhook_id] += 1
        self._tasks.add(asyncio.create_task(self._deliver(delivery)))
        return True

    async def _deliver(self, delivery: WebhookDelivery) -> None:
        try:
            answer = await self._attempt(delivery)
            state = await self._ask(lambda: delivery_note(delivery=delivery, answer=answer))
            if state == DeliveryState.DEAD:
                log.warning("delivery dead", delivery=delivery.pk, error=answer.error)
        except DatabaseError as error:  # its lease ends and it is sent again
            log.warning("index away", delivery=delivery.pk, error=str(error))
        finally:
            self._under_way[delivery.webhook_id] -= 1
            self._tasks.discard(asyncio.current_task())

    async def _attempt(self, delivery: WebhookDelivery) -> Answer:
        try:
            parcel = await self._ask(lambda: parcel_make(delivery=delivery))
            return await post(
                self._client,
                parcel.url,
                parcel.body,
                headers=parcel.headers,
                private_allowed=settings.SHOEBOX.webhook_private_addresses,
            )
        except DatabaseError:
            raise
        except Exception as error:  # a defect that one image brings out must not stop the others
            log.exception("delivery failed here", delivery=delivery.pk)
            return Answer(status=None, error=f"failed here: {type(error).__name__}")

    async def _forget(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._forget_at:
            more = await self._ask(lambda: deliveries_forget(now=timezone.now()))
            self._forget_at = now + (0.0 if more else FORGET_SECONDS)

    async def _ask(self, question: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._index, _asked, question)

    async def _end(self) -> None:
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._client.aclose()
        self._index.shutdown()


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    finally:
        close_old_connections()
