"""From the broker into the index: every event becomes its deliveries, then it is acknowledged."""

import threading
from collections.abc import Callable

import structlog
from django.db import DatabaseError, connection
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker
from pika.spec import Basic, BasicProperties

from webapp.outbox.broker import broker_open
from webapp.outbox.message import message_parse
from webapp.webhooks.names import QUEUE
from webapp.webhooks.services import deliveries_make

log = structlog.get_logger(__name__)

PREFETCH = 50
STEP_SECONDS = 0.5
AWAY_SECONDS = 1.0


Made = Callable[[], None]


def consume(broker_url: str, *, stopped: threading.Event, made: Made) -> None:
    """Take events until ``stopped``; while the broker is away, wait and connect again.

    An event is acknowledged once its deliveries are committed, so a process killed anywhere
    loses none; one that comes twice makes no second delivery. The connection to the index is
    kept: one that broke is found out by the next event, which asks again.

    Args:
        broker_url: The broker.
        stopped: Set from elsewhere.
        made: Called on this thread once new deliveries are committed.
    """
    while not stopped.is_set():
        try:
            with broker_open(broker_url) as broker:
                _take(broker.channel(), stopped, made)
        except ChannelClosedByBroker as error:
            log.warning("queue refused", queue=QUEUE, error=error.reply_text)
            stopped.wait(AWAY_SECONDS)
        except (AMQPError, OSError) as error:
            log.warning("broker away", error=str(error) or type(error).__name__)
            stopped.wait(AWAY_SECONDS)


def _take(channel: BlockingChannel, stopped: threading.Event, made: Made) -> None:
    def receive(
        channel: BlockingChannel,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        _receive(channel, method.delivery_tag, properties.message_id, body, stopped, made)

    channel.basic_qos(prefetch_count=PREFETCH)
    channel.basic_consume(QUEUE, receive)
    log.info("events connected", queue=QUEUE)
    while not stopped.is_set():
        channel.connection.process_data_events(time_limit=STEP_SECONDS)


def _receive(
    channel: BlockingChannel,
    tag: int,
    message_id: str | None,
    body: bytes,
    stopped: threading.Event,
    made: Made,
) -> None:
    try:
        message = message_parse(body, message_id=message_id)
    except ValueError as error:
        log.warning("not an event", error=str(error), message_id=message_id)
        channel.basic_reject(tag, requeue=False)
        return
    while not stopped.is_set():
        try:
            count = deliveries_make(message=message)
        except DatabaseError as error:
            # Waiting here, not giving it back: each return counts towards its last.
            log.warning("index away", error=str(error))
            connection.close()
            channel.connection.sleep(AWAY_SECONDS)
        else:
            channel.basic_ack(tag)
            if count:
                made()
            return
