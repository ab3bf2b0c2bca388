"""What happened to images, as the broker tells it: a queue of this process alone."""

from collections.abc import Callable
from typing import Any, Final

import structlog
from pika.exceptions import AMQPError

from webapp.outbox.broker import broker_open
from webapp.outbox.message import EventMessage, message_parse
from webapp.outbox.tasks import EVENTS_EXCHANGE

log = structlog.get_logger(__name__)

BINDING: Final = "image.*"
STEP_SECONDS: Final = 0.5
MOST_QUEUED: Final = 10_000
"""A process that hangs must not fill the broker; the oldest go, and it looks anew."""


class BrokerAwayError(Exception):
    """Events do not come from the broker at the moment."""


def events_consume(
    broker_url: str,
    *,
    take: Callable[[list[EventMessage]], None],
    connected: Callable[[], None],
    stopped: Callable[[], bool],
) -> None:
    """Take events until ``stopped``. The queue goes with the connection.

    Args:
        broker_url: ``amqp://…``.
        take: Gets events in the order they were published.
        connected: Called once, when no event can be missed any more.
        stopped: Asked twice a second.

    Raises:
        BrokerAwayError: The broker cannot be reached, or went away.
    """
    try:
        with broker_open(broker_url) as broker:
            _take(broker.channel(), take, connected, stopped)
    except (AMQPError, OSError) as error:
        raise BrokerAwayError(str(error) or type(error).__name__) from error


def _take(
    channel: Any,
    take: Callable[[list[EventMessage]], None],
    connected: Callable[[], None],
    stopped: Callable[[], bool],
) -> None:
    arrived: list[EventMessage] = []
    gone: list[object] = []
    channel.exchange_declare(EVENTS_EXCHANGE, "topic", durable=True)
    queue = channel.queue_declare(
        "", exclusive=True, auto_delete=True, arguments={"x-max-length": MOST_QUEUED}
    ).method.queue
    channel.queue_bind(queue, EVENTS_EXCHANGE, BINDING)
    channel.add_on_cancel_callback(gone.append)
    channel.basic_consume(
        queue,
        lambda _channel, _method, properties, body: arrived.extend(
            _parsed(body, properties.message_id)
        ),
        auto_ack=True,
    )
    connected()
    while not stopped():
        channel.connection.process_data_events(time_limit=STEP_SECONDS)
        if arrived:
            take(list(arrived))
            arrived.clear()
        if gone:
            raise BrokerAwayError("the queue of this process was removed")


def _parsed(body: bytes, message_id: str | None) -> list[EventMessage]:
    try:
        return [message_parse(body, message_id=message_id)]
    except ValueError as error:
        log.warning("not an event", error=str(error))
        return []
