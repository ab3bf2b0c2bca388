"""Writing messages in the transaction of the change."""

from collections.abc import Iterable

from django.db import connection, transaction

from webapp.outbox.models import OutboxMessage
from webapp.outbox.nudges import relay_nudge
from webapp.outbox.tasks import EVENTS_EXCHANGE, Event, Task


def outbox_messages(
    *, subject: str, tasks: Iterable[Task] = (), events: Iterable[Event] = ()
) -> list[OutboxMessage]:
    """Return the messages ``outbox_add`` saves, for who saves them in a statement of their own."""
    work = [(task.value, task.queue.value) for task in tasks]
    told = [(event.value, EVENTS_EXCHANGE) for event in events]
    return [OutboxMessage(task=name, queue=queue, subject=subject) for name, queue in work + told]


def outbox_add(*, subject: str, tasks: Iterable[Task] = (), events: Iterable[Event] = ()) -> None:
    """Say what must be made true for ``subject``, and what happened to it, in one statement.

    Must be called inside the transaction of the change, or a crash between the two would
    lose the messages.

    Args:
        subject: Id of the image or import.
        tasks: Promises a worker makes true once this transaction commits.
        events: Told to whoever listens.
    """
    if not connection.in_atomic_block:
        message = "outbox_add needs the transaction of the change it belongs to"
        raise RuntimeError(message)
    messages = outbox_messages(subject=subject, tasks=tasks, events=events)
    OutboxMessage.objects.bulk_create(messages)
    transaction.on_commit(relay_nudge)


def outbox_depth() -> int:
    """Return how many messages are not published yet."""
    return OutboxMessage.objects.count()
