"""Writing messages in the transaction of the change."""

from collections.abc import Iterable

from django.db import connection

from webapp.outbox.models import OutboxMessage
from webapp.outbox.tasks import Task


def outbox_add(*, task: Task, subject: str) -> None:
    """Say that ``task`` must be made true for ``subject``, once this transaction commits.

    Must be called inside the transaction of the change, or a crash between the two would
    lose the message.
    """
    outbox_add_all(tasks=[task], subject=subject)


def outbox_add_all(*, tasks: Iterable[Task], subject: str) -> None:
    """Say several things about one subject in one statement; see ``outbox_add``."""
    if not connection.in_atomic_block:
        message = "outbox_add needs the transaction of the change it belongs to"
        raise RuntimeError(message)
    OutboxMessage.objects.bulk_create(
        OutboxMessage(task=task.value, queue=task.queue.value, subject=subject) for task in tasks
    )


def outbox_depth() -> int:
    """Return how many messages are not published yet."""
    return OutboxMessage.objects.count()
