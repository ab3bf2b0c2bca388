"""Workers keep their connection to the index from one task to the next.

Celery's part for Django closes a worker process's pool of connections before and after every
task: a new session of PostgreSQL for each, which costs more than what most tasks ask.
"""

from functools import cached_property
from typing import Any

from celery import Celery
from celery.fixups.django import DjangoFixup, DjangoWorkerFixup
from django.db import close_old_connections


class KeptConnections(DjangoWorkerFixup):  # type: ignore[misc]  # Celery has no types
    """Gives the connection back to the pool around a task; the pool looks whether it works.

    Pools are still closed where processes are made, as two must never share a connection.
    """

    def on_task_prerun(self, sender: Any, **_kwargs: Any) -> None:
        """Begin a task with a connection that works; one called in place has its caller's."""
        if not sender.request.is_eager:
            close_old_connections()

    def on_task_postrun(self, sender: Any, **kwargs: Any) -> None:
        """End a task as it began."""
        self.on_task_prerun(sender, **kwargs)


class KeepingFixup(DjangoFixup):  # type: ignore[misc]  # Celery has no types
    """Celery's part for Django, with connections that are kept."""

    @cached_property
    def worker_fixup(self) -> KeptConnections:
        """What does something around each task; made late, as it reads the configuration."""
        return KeptConnections(self.app)


def fixup(app: Celery) -> Any:
    """Return what Celery installs in ``app``; Celery calls it."""
    return KeepingFixup(app).install()
