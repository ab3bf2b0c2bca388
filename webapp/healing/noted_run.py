"""One process at a time repairs what is noted; the index says whose turn it is, and what waits."""

import secrets
from datetime import timedelta
from typing import Final

from django.db.models import Q

from webapp.cluster.clock import index_now
from webapp.healing.models import HealingRun

VERB: Final = "noted"
SCOPE: Final = "all"
CLAIM_FOR: Final = timedelta(minutes=2)
"""A process that was killed keeps others from their turn for no longer."""
_WAITING: Final = "waiting"


class NotedRun:
    """A turn at the notes. Should two have it at once, images are repaired twice, which is once."""

    def __init__(self) -> None:
        rows = HealingRun.objects.filter(verb=VERB, scope=SCOPE).order_by("id")
        self._row = rows.first() or HealingRun.objects.create(
            verb=VERB, scope=SCOPE, finished_at=index_now()
        )
        self._holder = secrets.token_hex(8)

    def claim(self) -> bool:
        """Take the turn, or keep it for a while longer; False when somebody else has it."""
        now = index_now()
        free = Q(finished_at__isnull=False) | Q(moved_at__lt=now - CLAIM_FOR)
        rows = HealingRun.objects.filter(free | Q(cursor=self._holder), id=self._row.id)
        return bool(rows.update(cursor=self._holder, moved_at=now, finished_at=None))

    def release(self, *, waiting: int) -> None:
        """Give the turn back, and say how many notes wait."""
        rows = HealingRun.objects.filter(id=self._row.id, cursor=self._holder)
        rows.update(finished_at=index_now(), counts={_WAITING: waiting})


def none_wait() -> None:
    """Say that no note waits; writes nothing when that is known."""
    HealingRun.objects.filter(verb=VERB, scope=SCOPE).exclude(counts={_WAITING: 0}).update(
        counts={_WAITING: 0}
    )


def notes_waiting() -> int:
    """Return how many notes waited when somebody last looked."""
    rows = HealingRun.objects.filter(verb=VERB, scope=SCOPE).order_by("id")
    counts = rows.values_list("counts", flat=True).first() or {}
    return int(counts.get(_WAITING, 0))
