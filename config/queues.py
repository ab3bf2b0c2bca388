"""The queues: by cost, durable, and with a dead-letter queue as the backstop."""

from kombu import Exchange, Queue

from webapp.outbox.tasks import EVENTS_EXCHANGE
from webapp.outbox.tasks import Queue as Name
from webapp.webhooks import names as webhooks

TASKS = Exchange("shoebox.tasks", type="topic", durable=True)
DEAD_LETTERS = Exchange("shoebox.dead", type="fanout", durable=True)
DEAD = "dead"
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
