"""`manage.py relay`: publish what the outbox holds, until stopped."""

import signal
import time
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from webapp.outbox.relay import relay_run

log = structlog.get_logger(__name__)

DATABASE_AWAY_SECONDS = 1.0


class Command(BaseCommand):
    """Publishes outbox messages to the broker with confirms; any number may run."""

    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run until SIGTERM or SIGINT; ends between two messages."""
        self._stopped = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self._stopped:
            try:
                relay_run(stopped=lambda: self._stopped)
            except DatabaseError as error:
                log.warning("index away", error=str(error))
                connection.close()
                time.sleep(DATABASE_AWAY_SECONDS)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopped = True
