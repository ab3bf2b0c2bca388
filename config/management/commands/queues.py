"""`manage.py queues declare|show`: the queues on the broker, and how they stand.

`declare` makes exchanges, queues, bindings and the queue of dead letters; at deploy time, before
the first message. Twice is once; `bootstrap` does it too. `show` tells what waits, what is worked
on, who takes it, how many dead letters there are, and how old the oldest work is.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.celery import app, broker_errors, queues_declare
from config.queue_metrics import queue_names
from config.queue_state import QueueState, oldest_work, queue_states
from webapp.core.errors import ShoeboxError
from webapp.healing.progress import seconds_text
from webapp.outbox.services import outbox_depth


class Command(BaseCommand):
    """Declares and shows queues."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare a verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("declare", help="make what is missing on the broker")
        verbs.add_parser("show", help="a line per queue")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one verb."""
        try:
            getattr(self, f"_{options['verb']}")()
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        except broker_errors() as error:
            raise CommandError(f"The broker does not answer ({error}).") from None

    def _declare(self) -> None:
        for name in queues_declare():
            self.stdout.write(f"{name}: declared")

    def _show(self) -> None:
        oldest = oldest_work()
        self.stdout.write(f"{'queue':<14}{'waiting':>9}{'unacked':>9}{'consumers':>11}  oldest")
        for state in self._states():
            self.stdout.write(_line(state, _age(oldest.get(state.name))))
        self.stdout.write(f"{outbox_depth()} messages are not published yet.")

    def _states(self) -> list[QueueState]:
        try:
            return queue_states(app, queue_names(), broker_api=settings.SHOEBOX.broker_api)
        except app.connection_for_read().channel_errors as error:
            raise CommandError(f"{error}; `manage.py queues declare` makes it.") from None


def _line(state: QueueState, age: str) -> str:
    unacked, consumers = _count(state.unacked), _count(state.consumers)
    return f"{state.name:<14}{state.waiting:>9,}{unacked:>9}{consumers:>11}  {age}"


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _age(at: Any) -> str:
    return seconds_text(max(timezone.now() - at, timedelta()).total_seconds()) if at else "-"
