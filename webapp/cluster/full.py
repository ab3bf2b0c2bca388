"""Noting that a shard said it is full, from whichever thread heard it."""

import time
from threading import Lock, Thread

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from webapp.cluster.models import Shard

log = structlog.get_logger(__name__)

NOTE_EVERY_SECONDS = 20.0
_noted: dict[str, float] = {}
_lock = Lock()


def full_note(name: str, detail: str) -> None:
    """Keep in the index that a shard is full, now and then; never waits, never fails.

    What is done about it is decided by whoever watches the shards, see the healing room.
    """
    now = time.monotonic()
    with _lock:
        if now - _noted.get(name, float("-inf")) < NOTE_EVERY_SECONDS:
            return
        _noted[name] = now
    # A thread of its own: the caller may be inside a transaction, or in nobody's.
    Thread(target=_keep, args=(name, detail), name="full", daemon=True).start()


def _keep(name: str, detail: str) -> None:
    log.warning("shard is full", shard=name, detail=detail)
    try:
        Shard.objects.filter(name=name).update(full_at=timezone.now())
    except DatabaseError as error:
        log.info("full shard not noted", shard=name, error=str(error))
    finally:
        connection.close()
