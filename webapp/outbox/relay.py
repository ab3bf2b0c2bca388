"""The relay: publishes outbox rows with confirms until the broker has them.

A row goes only after the broker confirmed its message, so a relay killed anywhere leaves
nothing unpublished; it may publish a message twice, and twice is once for every task. Many
messages are sent before their confirms are waited for, which takes a quorum queue about as
long for all of them as for one.
"""

import itertools
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import structlog
from amqp.exceptions import MessageNacked
from celery import Celery
from celery.app.utils import find_app
from django.conf import settings
from django.db import connection, transaction
from kombu import Connection, Exchange, Producer
from kombu.exceptions import OperationalError

from webapp.outbox.confirms import Confirms
from webapp.outbox.models import OutboxMessage
from webapp.outbox.nudges import NUDGE_SECONDS, Nudges
from webapp.outbox.tasks import EVENTS_EXCHANGE

log = structlog.get_logger(__name__)

BATCH = 100
IDLE_SECONDS = 0.025
IDLE_MOST_SECONDS = 0.1
IDLE_SHARE = 0.01
"""Of the time since the last message, until the next look: who sends often waits least."""
LOOK_ON_SECONDS = 3 * NUDGE_SECONDS
"""After a nudge: whoever adds a message soon after it does not nudge again."""
NUDGED_SECONDS = 1.0
"""Until the next look of a relay that is nudged."""
BROKER_AWAY_SECONDS = 1.0
CONNECT_SECONDS = 3
CONFIRM_SECONDS = 30.0
"""A broker that takes longer to confirm is taken for away; the message is published again."""
_CONNECTION = {
    "connect_timeout": CONNECT_SECONDS,
    # Confirms are collected here; a broker that reads no more is taken for away like a silent one.
    "transport_options": {"confirm_publish": False, "write_timeout": CONFIRM_SECONDS},
}
# By hand: each message is asked for on its way, and Django takes longer to compose the questions
# than the index to answer them.
_FIRST = "SELECT id FROM outbox_outboxmessage ORDER BY id LIMIT 1"
_IS_WAITING = "EXISTS (SELECT 1 FROM outbox_outboxmessage WHERE queue = %s)"
_OLDEST = "SELECT * FROM outbox_outboxmessage WHERE queue = %s ORDER BY id LIMIT %s"
_ALONE = "FOR UPDATE SKIP LOCKED"
_REMOVED = "DELETE FROM outbox_outboxmessage WHERE id IN ({})"
_EVENTS = Exchange(EVENTS_EXCHANGE, type="topic", durable=True)


def celery_app() -> Celery:
    """Return the application the settings name."""
    return find_app(settings.CELERY_APP)


def relay_batch(*, producer: Producer, app: Celery, confirms: Confirms, limit: int = BATCH) -> int:
    """Publish the oldest messages of each queue and remove their rows; return how many.

    Several relays share the work where the database can skip locked rows. Messages for a
    queue this relay does not know wait for one that does.

    Raises:
        Exception: What the broker's client raises when it is away, refuses a message or has
            lost a queue; messages it had confirmed by then are gone, the others stay. What
            comes after one that was refused may have been published before it.
    """
    queues = _waiting([*app.amqp.queues, EVENTS_EXCHANGE])
    random.shuffle(queues)  # one that fails every time must not always come before the others
    return sum(_relay_queue(name, limit, producer, app, confirms) for name in queues)


def _waiting(queues: list[str]) -> list[str]:
    """Return those of the queues that messages wait for; a small question while none does."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST)
        if not cursor.fetchone():
            return []
        cursor.execute(f"SELECT {', '.join([_IS_WAITING] * len(queues))}", queues)
        (*found,) = cursor.fetchone()
    return list(itertools.compress(queues, found))


def _relay_queue(name: str, limit: int, producer: Producer, app: Celery, confirms: Confirms) -> int:
    with _claim():
        messages = _oldest(name, limit)
        error = _publish_all(messages, producer, app, confirms)
        taken = confirms.taken()
        _remove(taken)
    confirms.forget()
    if error is not None:
        raise error
    return len(taken)


def _publish_all(
    messages: list[OutboxMessage], producer: Producer, app: Celery, confirms: Confirms
) -> Exception | None:
    """Publish messages and wait for their confirms; return what went wrong first."""
    try:
        for message in messages:
            with confirms.following(message.pk):
                _publish(message, producer=producer, app=app)
        confirms.wait(CONFIRM_SECONDS)
    except Exception as error:  # noqa: BLE001 - raised once the rows of what is confirmed are gone
        return error
    return None


def _claim() -> AbstractContextManager[None]:
    """Keep rows from other relays, where that does not lock the whole index meanwhile."""
    skips = connection.features.has_select_for_update_skip_locked
    return transaction.atomic() if skips else nullcontext()


def _oldest(queue: str, limit: int) -> list[OutboxMessage]:
    alone = _ALONE if connection.features.has_select_for_update_skip_locked else ""
    return list(OutboxMessage.objects.raw(f"{_OLDEST} {alone}", [queue, limit]))


def _remove(ids: list[int]) -> None:
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_REMOVED.format(", ".join(["%s"] * len(ids))), ids)


def _publish(message: OutboxMessage, *, producer: Producer, app: Celery) -> None:
    if message.queue == EVENTS_EXCHANGE:
        _tell(message, producer=producer)
        return
    app.send_task(
        message.task,
        args=[message.subject],
        queue=message.queue,
        headers={"published_at": time.time()},  # workers tell how long a task waited
        producer=producer,
        retry=False,
        mandatory=True,  # without it a broker confirms what it cannot route, and loses it
    )


def _tell(message: OutboxMessage, *, producer: Producer) -> None:
    """Publish an event; that nobody listens is no error. ``message_id`` tells repeats."""
    body = {
        "id": message.subject,
        "event": message.task,
        "at": message.created_at.isoformat(),
    }
    producer.publish(
        body,
        exchange=_EVENTS,
        routing_key=message.task,
        declare=[_EVENTS],
        delivery_mode="persistent",
        message_id=f"{message.task}:{message.subject}:{message.pk}",
        retry=False,
    )


def relay_run(*, stopped: Callable[[], bool]) -> None:
    """Publish until ``stopped`` says so; while the broker is away, wait and try again."""
    app = celery_app()
    broker_away = _errors(app)
    while not stopped():
        try:
            with app.connection_for_write(**_CONNECTION) as broker:
                _relay_on(broker, app, stopped)
        except broker_away as error:
            log.warning("broker away", error=str(error) or repr(error.__cause__ or error))
            _sleep(BROKER_AWAY_SECONDS, stopped)


def _errors(app: Celery) -> tuple[type[Exception], ...]:
    broker = app.connection_for_write()
    errors = (*broker.connection_errors, *broker.channel_errors)
    return (OperationalError, MessageNacked, OSError, *errors)


def _relay_on(broker: Connection, app: Celery, stopped: Callable[[], bool]) -> None:
    broker.ensure_connection(max_retries=1, timeout=CONNECT_SECONDS)
    with app.amqp.Producer(broker) as producer:
        confirms, pace = Confirms(producer.channel), Pace()
        log.info("relay connected")
        while not stopped():
            if relay_batch(producer=producer, app=app, confirms=confirms):
                pace.found()
            else:
                pace.rest()
                if broker.supports_heartbeats:
                    broker.heartbeat_check()


class Pace:
    """How long a relay waits before it looks again."""

    def __init__(self) -> None:
        self._nudges = Nudges()
        self._is_nudged = False
        self._found = time.monotonic()

    def found(self) -> None:
        """Note that messages were found, and whether a nudge had come with them."""
        self._found = time.monotonic()
        self._is_nudged = self._found - self._nudges.last < NUDGED_SECONDS

    def rest(self) -> None:
        """Wait for the next look: for a nudge where they come, or for a while."""
        quiet = time.monotonic() - max(self._found, self._nudges.last)
        pause = min(max(IDLE_SECONDS, quiet * IDLE_SHARE), IDLE_MOST_SECONDS)
        if quiet < LOOK_ON_SECONDS:
            time.sleep(pause)
        else:
            self._nudges.wait(NUDGED_SECONDS if self._is_nudged else pause)


def _sleep(seconds: float, stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stopped():
        time.sleep(IDLE_SECONDS)
