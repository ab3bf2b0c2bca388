"""The lease of an image: who alone may remove copies of it, and for how long.

A lease is a conditional UPDATE with an end, so a holder that is killed blocks nobody for
longer than that. Adding copies needs none: twice is once.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db.models import Q

from webapp.cluster.clock import index_now
from webapp.images.models import Image

LEASE = timedelta(minutes=2)


class Lease:
    """One holding of an image's lease."""

    def __init__(self, image_id: str) -> None:
        self._image_id = image_id
        self._token = secrets.token_hex(16)

    def take(self) -> bool:
        """Take the lease; False when another holder has it."""
        now = index_now()
        free = Q(lease="") | Q(lease_until__lt=now) | Q(lease_until__isnull=True)
        rows = Image.objects.filter(free, id=self._image_id)
        return bool(rows.update(lease=self._token, lease_until=now + LEASE))

    def renew(self) -> bool:
        """Begin the time again, right before something is removed; False when it was lost."""
        rows = Image.objects.filter(id=self._image_id, lease=self._token)
        alive = rows.filter(lease_until__gt=index_now())
        return bool(alive.update(lease_until=index_now() + LEASE))

    def give_back(self) -> None:
        """Let others have it."""
        rows = Image.objects.filter(id=self._image_id, lease=self._token)
        rows.update(lease="", lease_until=None)


@contextmanager
def image_leased(*, image_id: str) -> Iterator[Lease | None]:
    """Hold the lease of an image; None when another holder has it, or the row is gone.

    Example::

        with image_leased(image_id=image.id) as lease:
            if lease is None:
                return  # somebody else is at it
            ...  # verify
            if lease.renew():
                ...  # remove
    """
    lease = Lease(image_id)
    if not lease.take():
        yield None
        return
    try:
        yield lease
    finally:
        lease.give_back()
