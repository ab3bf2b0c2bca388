"""S3-FIFO: a cache bounded by cost that one pass over everything cannot sweep out.

Source: Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction",
SOSP 2023, algorithm 1; bytes instead of numbers, as section 5.2.4 has it.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

SMALL_PART: Final = 0.1
"""Of the capacity: where newcomers have to be asked for again before they may stay."""
MOST_USES: Final = 3
USES_TO_STAY: Final = 1
"""The paper has two; one gave half a percent more hits on the traces of the decision's table."""
V = TypeVar("V")


class _Entry(Generic[V]):
    __slots__ = ("cost", "uses", "value")

    def __init__(self, value: V, cost: int) -> None:
        self.value = value
        self.cost = cost
        self.uses = 0


class _Queue(Generic[V]):
    """Keys in the order they came, and what they cost together."""

    __slots__ = ("cost", "entries")

    def __init__(self) -> None:
        self.cost = 0
        self.entries: OrderedDict[str, _Entry[V]] = OrderedDict()

    def add(self, key: str, entry: _Entry[V]) -> None:
        self.entries[key] = entry
        self.cost += entry.cost

    def take_oldest(self) -> tuple[str, _Entry[V]]:
        key, entry = self.entries.popitem(last=False)
        self.cost -= entry.cost
        return key, entry

    def remove(self, key: str) -> None:
        entry = self.entries.pop(key, None)
        if entry is not None:
            self.cost -= entry.cost


class S3Fifo(Generic[V]):
    """Values by key; what is asked for once leaves soon, what is asked for often stays.

    A hit costs one look-up and moves nothing. Of what left lately only the hash of the key
    is remembered; who comes back meanwhile is let in for longer.

    Args:
        capacity: Most cost of all values together; 0 keeps none.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.evicted = 0
        """How many values left for others."""
        self._index: dict[str, _Entry[V]] = {}
        self._small: _Queue[V] = _Queue()
        self._main: _Queue[V] = _Queue()
        self._ghosts: OrderedDict[int, int] = OrderedDict()
        self._ghost_cost = 0

    @property
    def cost(self) -> int:
        """What all values cost together; never more than the capacity."""
        return self._small.cost + self._main.cost

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def get(self, key: str) -> V | None:
        """Return a value, and remember that it was asked for; None when it is not there."""
        entry = self._index.get(key)
        if entry is None:
            return None
        if entry.uses < MOST_USES:
            entry.uses += 1
        return entry.value

    def put(self, key: str, value: V, *, cost: int) -> None:
        """Keep a value at the cost of others; one over the capacity is not kept.

        Args:
            key: Replaces what it had.
            value: What to keep.
            cost: At least 1.
        """
        self.pop(key)
        if cost > self.capacity:
            return
        while self.cost + cost > self.capacity:
            self._evict()
        entry = self._index[key] = _Entry(value, cost)
        (self._main if self._forget_ghost(hash(key)) else self._small).add(key, entry)

    def pop(self, key: str) -> None:
        """Drop a value; absent is done."""
        if self._index.pop(key, None) is not None:
            self._small.remove(key)
            self._main.remove(key)

    def _evict(self) -> None:
        """Make some room: drop one value, or move one from the small queue."""
        if self._small.cost > self.capacity * SMALL_PART or not self._main.entries:
            self._evict_small()
        else:
            self._evict_main()

    def _evict_small(self) -> None:
        key, entry = self._small.take_oldest()
        if entry.uses >= USES_TO_STAY:
            entry.uses = 0
            self._main.add(key, entry)
        else:
            self._drop(key)
            self._remember_ghost(hash(key), entry.cost)

    def _evict_main(self) -> None:
        """Drop the oldest that was not asked for since its last turn."""
        key, entry = self._main.take_oldest()
        while entry.uses:
            entry.uses -= 1
            self._main.add(key, entry)
            key, entry = self._main.take_oldest()
        self._drop(key)

    def _drop(self, key: str) -> None:
        del self._index[key]
        self.evicted += 1

    def _remember_ghost(self, name: int, cost: int) -> None:
        self._forget_ghost(name)
        self._ghosts[name] = cost
        self._ghost_cost += cost
        while self._ghost_cost > self.capacity * (1 - SMALL_PART):
            _, left = self._ghosts.popitem(last=False)
            self._ghost_cost -= left

    def _forget_ghost(self, name: int) -> bool:
        cost = self._ghosts.pop(name, None)
        self._ghost_cost -= cost or 0
        return cost is not None
