"""The queues: by cost, durable, and with a dead-letter queue as the backstop."""

from kombu import Connection, Exchange, Queue

from webapp.core.errors import QueueConflictError
from webapp.outbox.dead_letters import QUEUE as DEAD
from webapp.outbox.tasks import EVENTS_EXCHANGE
from webapp.outbox.tasks import Queue as Name
from webapp.webhooks import names as webhooks

TASKS = Exchange("shoebox.tasks", type="topic", durable=True)
DEAD_LETTERS = Exchange("shoebox.dead", type="fanout", durable=True)
DELIVERY_LIMIT = 5

_QUORUM = {"x-queue-type": "quorum"}
_GUARDED = {
    **_QUORUM,
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-dead-letter-exchange": DEAD_LETTERS.name,
    # At-least-once needs a queue that refuses rather than drops when it is full.
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}
_OTHER_ARGUMENTS = 406
# No delivery limit: a process that ends counts as a return of all it held, and what is not an
# event is rejected at once.
_KEPT = {k: v for k, v in _GUARDED.items() if k != "x-delivery-limit"}


def task_queues(*, rabbitmq: bool) -> list[Queue]:
    """Return the queues tasks wait on; other brokers have no queue arguments."""
    arguments = _GUARDED if rabbitmq else None
    return [
        Queue(name.value, TASKS, routing_key=name.value, queue_arguments=arguments, durable=True)
        for name in Name
    ]


def dead_letter_queue() -> Queue:
    """Return the queue that keeps what was delivered too often."""
    return Queue(DEAD, DEAD_LETTERS, routing_key="#", queue_arguments=_QUORUM, durable=True)


def webhooks_queue() -> Queue:
    """Return the queue on which events wait until they are deliveries of webhooks."""
    events = Exchange(EVENTS_EXCHANGE, type="topic", durable=True)
    return Queue(
        webhooks.QUEUE,
        events,
        routing_key=webhooks.BINDING,
        queue_arguments=_KEPT,
        durable=True,
    )


def queue_declare(queue: Queue, connection: Connection) -> None:
    """Declare a queue with its exchange and binding; twice is once.

    Raises:
        QueueConflictError: It is there with other arguments, which no broker changes.
    """
    channel = connection.channel()  # a refusal closes the channel it came on
    try:
        queue(channel).declare()
    except connection.channel_errors as error:
        if getattr(error, "code", None) != _OTHER_ARGUMENTS:
            raise
        raise QueueConflictError(
            f"Queue {queue.name!r}, or its exchange, is on the broker with other arguments: "
            f"{getattr(error, 'reply_text', error)}. Arguments cannot be changed. The way out: "
            "stop relay, workers and beat (uploads go on), take it away with `rabbitmqctl --vhost "
            f"{connection.virtual_host} delete_queue {queue.name}`, and declare again. What waited "
            "there is not lost: it is due in the index, and the sweep queues it again."
        ) from error
    channel.close()
