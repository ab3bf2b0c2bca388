"""How a worker takes tasks from the queue, and goes on when its broker is gone."""

from typing import Any

import structlog
from celery.worker import consumer

log = structlog.get_logger(__name__)


class Consumer(consumer.Consumer):  # type: ignore[misc] # Celery has no types
    """Celery's, for which a lost broker is never a reason to end."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # What kombu raises over Redis and Valkey for a task that ends when the connection its
        # message came by is dropped: it can neither be acknowledged nor rejected there.
        # Whatever else raises it between tasks has the worker connect anew, and is in the log.
        self.connection_errors: tuple[type[Exception], ...] = (
            *self.conninfo.connection_errors,
            AttributeError,
        )

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Leave the connection that was lost; the caller makes a new one.

        Over Redis and Valkey kombu wants to give back what it holds over the very connection it
        has just dropped, stumbles, and would take the worker with it. Nothing is lost by that:
        what was not acknowledged is given out again after its time-out, or by the sweep.
        """
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as error:
            log.warning("messages not given back", error=str(error))
