"""Walking shards partition by partition: one ordered listing per shard, read as it is needed."""

import time
from collections.abc import Callable, Iterator, Mapping

from webapp.core.errors import ShardUnavailableError
from webapp.storage.base import BlobStore

ASK_AGAIN_SECONDS = 30.0
_PAST = "~"
"""Sorts after every character a key has."""

Listing = Mapping[str, list[str] | None]
"""Shard → the keys it has of one partition, None when it did not answer."""


class ShardWalk:
    """The keys of one shard, taken partition by partition in ascending order.

    A shard that fails is silent for the partition, is left alone for half a minute and then
    listed again from where the walk is. Never an empty list in place of "did not answer".

    Args:
        store: Guarded, so that an unmounted disk is not an empty shard.
        whole: List the shard once from end to end; False: each partition by itself, which is
            cheaper for few of them.
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(
        self, store: BlobStore, *, whole: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._whole = whole
        self._clock = clock
        self._keys: Iterator[str] | None = None
        self._next: str | None = None
        self._ask_again = clock()

    def take(self, partition: str) -> list[str] | None:
        """Return the keys of a partition, in order; None when the shard did not answer."""
        if self._clock() < self._ask_again:
            return None
        try:
            return self._take(partition)
        except ShardUnavailableError:
            self._keys = None
            self._ask_again = self._clock() + ASK_AGAIN_SECONDS
            return None

    def _take(self, partition: str) -> list[str]:
        folder = f"{partition}/"
        if not self._whole:
            return list(self._store.keys(folder))
        if self._keys is None:
            self._keys = self._store.keys(after=partition)  # sorts right before its folder
            self._next = next(self._keys, None)
        found: list[str] = []
        while self._next is not None and self._next <= folder + _PAST:
            if self._next.startswith(folder):
                found.append(self._next)
            self._next = next(self._keys, None)
        return found


def listing(walks: Mapping[str, ShardWalk], partition: str) -> Listing:
    """Return what each shard has of a partition."""
    return {name: walk.take(partition) for name, walk in walks.items()}
