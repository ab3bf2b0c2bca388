"""What happened to images, found in the index: three bounded looks for all listeners together."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from webapp.events.happened import Happened, happened_make
from webapp.images.models import Image, ImageState
from webapp.outbox.tasks import Event

OVERLAP: Final = timedelta(seconds=10)
"""Clocks of write services differ, and a transaction commits after the time it wrote down."""
MOST_ROWS: Final = 500
MOST_WAITING: Final = 2000
_EVENT_BY_STATE: Final = {
    ImageState.READY: Event.READY,
    ImageState.REJECTED: Event.REJECTED,
}


class TooMuchHappenedError(Exception):
    """More than one look takes; listeners should look for themselves."""


class IndexLook:
    """Remembers when it looked last, what it told, and which images were being prepared."""

    def __init__(self) -> None:
        self._since = timezone.now()
        self._waiting: dict[str, None] = {}
        self._told: dict[tuple[Event, str, str], datetime] = {}
        self._owners: frozenset[UUID] = frozenset()

    def look(self, owners: frozenset[UUID]) -> list[Happened]:
        """Return what happened to images of ``owners`` since the last look.

        However many listen, it is three queries; one more when somebody is new. An image that
        was being prepared before all of the ``MOST_WAITING`` newest is not looked at.

        Raises:
            TooMuchHappenedError: More than is told; the next look goes on from here.
        """
        now = timezone.now()
        since, self._since = self._since - OVERLAP, now
        try:
            self._meet(owners)
            found = [*self._stored(owners, since), *self._settled(now), *_deleted(owners, since)]
        except BaseException:
            self._since = since + OVERLAP  # nothing of it was told
            raise
        fresh = [one for one in found if self._is_new(one, now)]
        self._told = {key: at for key, at in self._told.items() if at > since - OVERLAP}
        if len(found) >= MOST_ROWS:
            raise TooMuchHappenedError
        return fresh

    def _meet(self, owners: frozenset[UUID]) -> None:
        """Find what is being prepared for those who were not here at the last look."""
        if new := owners - self._owners:
            rows = Image.objects.filter(state=ImageState.STORED, due_at__isnull=False)
            newest = rows.filter(owner_id__in=new).order_by("-created_at", "-id")
            self._wait_for(reversed(newest.values_list("id", flat=True)[:MOST_WAITING]))
        self._owners = owners

    def _wait_for(self, image_ids: Iterable[str]) -> None:
        self._waiting |= dict.fromkeys(image_ids)
        for image_id in list(self._waiting)[:-MOST_WAITING]:
            del self._waiting[image_id]

    def _stored(self, owners: frozenset[UUID], since: datetime) -> Iterator[Happened]:
        rows = Image.objects.filter(owner_id__in=owners, created_at__gt=since)
        newest = rows.order_by("-created_at", "-id").values_list(
            "id", "owner_id", "state", "created_at"
        )
        for image_id, owner_id, state, at in reversed(newest[:MOST_ROWS]):
            self._wait_for([image_id] if state == ImageState.STORED else [])
            yield happened_make(event=Event.STORED, image_id=image_id, owner_id=owner_id, at=at)
            if (event := _event_of(state)) and image_id not in self._waiting:
                yield happened_make(event=event, image_id=image_id, owner_id=owner_id, at=at)

    def _settled(self, now: datetime) -> Iterator[Happened]:
        """Look at what was being prepared; what is not any more is told and forgotten."""
        waiting = list(self._waiting)
        for at in range(0, len(waiting), MOST_ROWS):
            rows = Image.objects.filter(id__in=waiting[at : at + MOST_ROWS]).order_by()
            settled = rows.exclude(state=ImageState.STORED)
            for image_id, owner_id, state in settled.values_list("id", "owner_id", "state"):
                del self._waiting[image_id]
                if event := _event_of(state):
                    yield happened_make(event=event, image_id=image_id, owner_id=owner_id, at=now)

    def _is_new(self, one: Happened, now: datetime) -> bool:
        """Return whether it was not told by an earlier look; an image can be deleted twice."""
        key = (one.event, one.image_id, one.at if one.event is Event.DELETED else "")
        is_new = key not in self._told
        self._told[key] = now
        return is_new


def _deleted(owners: Collection[UUID], since: datetime) -> list[Happened]:
    rows = Image.objects.filter(deleted_at__gt=since, owner_id__in=owners)
    newest = rows.order_by("-deleted_at").values_list("id", "owner_id", "deleted_at")[:MOST_ROWS]
    return [
        happened_make(event=Event.DELETED, image_id=image_id, owner_id=owner_id, at=at)
        for image_id, owner_id, at in reversed(newest)
        if at is not None
    ]


def _event_of(state: str) -> Event | None:
    return _EVENT_BY_STATE.get(ImageState(state))
