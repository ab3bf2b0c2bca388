"""The race behind ``quorum_write``: PUTs under way, who joins them, when it is over."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass

from webapp.core.errors import ShardUnavailableError
from webapp.core.shards import ShardSpec
from webapp.storage.base import BlobStore, Check
from webapp.storage.breaker import Breakers

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Placed:
    """A position that accepted a blob, and how sure it is of the bytes."""

    shard_name: str
    check: Check


@dataclass(slots=True, eq=False)
class _Attempt:
    """One PUT to one position.

    ``slow`` once it was given up in favour of another; ``expected_by`` once nobody waits for
    it and its breaker does.
    """

    shard: ShardSpec
    started: float | None = None
    ended: float = 0.0
    slow: bool = False
    expected_by: float | None = None
    future: Future[None] | None = None


_News = tuple[_Attempt, Check | BaseException]
"""A PUT that ended, and how."""


class Race:
    """One quorum write; the arguments are those of ``quorum_write``. Runs once."""

    def __init__(
        self,
        *,
        positions: Sequence[tuple[ShardSpec, BlobStore]],
        put: Callable[[BlobStore], Check],
        wanted: int,
        quorum: int,
        executor: Executor,
        slow_after: float,
        deadline: float,
        breakers: Breakers,
        on_finished: Callable[[], None] | None,
    ) -> None:
        self.finished = threading.Event()
        self.late: frozenset[str] = frozenset()
        """Once it was run: shards that still take a PUT nobody waits for any more."""
        self._put = put
        self._wanted = wanted
        self._quorum = quorum
        self._executor = executor
        self._slow_after = slow_after
        self._breakers = breakers
        self._on_finished = on_finished
        self._waiting = list(positions)
        self._shunned: list[tuple[ShardSpec, BlobStore]] = []
        self._running: list[_Attempt] = []
        self._placed: list[Placed] = []
        self._zones: set[str] = set()
        self._defect: BaseException | None = None
        self._began = time.monotonic()
        self._patient_until = self._began + deadline
        # Both the caller's thread and those of the executor touch what follows.
        self._news: queue.SimpleQueue[list[_News]] = queue.SimpleQueue()
        self._unheard: list[_News] = []
        self._accepted = 0
        self._under_way = 0
        self._lock = threading.Lock()
        self._listening = True
        self._unfinished = 0

    def run(self) -> tuple[Placed, ...]:
        """Return who accepted, fewer than the quorum when it was missed.

        Raises:
            ShoeboxError: Something is wrong with the source or the key, not with a shard.
        """
        try:
            self._start_more()
            while self._running and self._defect is None and self._patient:
                self._listen()
                self._give_up_slow()
                self._start_more()
                if self._quorum_reached and not self._fresh():
                    break
        finally:
            self._close()
        if self._defect is not None:
            raise self._defect
        return tuple(self._placed)

    @property
    def _patient(self) -> bool:
        return time.monotonic() < self._patient_until

    @property
    def _quorum_reached(self) -> bool:
        return len(self._placed) >= self._quorum

    def _fresh(self) -> list[_Attempt]:
        return [attempt for attempt in self._running if not attempt.slow]

    # Starting

    def _start_more(self) -> None:
        while not self._quorum_reached and self._defect is None:
            hopes = len(self._placed) + len(self._fresh())
            position = self._next(hopes) if hopes < self._wanted else None
            if position is None:
                return
            self._start(*position)

    def _next(self, hopes: int) -> tuple[ShardSpec, BlobStore] | None:
        while self._waiting:
            position = self._waiting.pop(self._best_waiting())
            if self._breakers.allows(position[0].name):
                return position
            self._shunned.append(position)
        return self._shunned.pop(0) if self._shunned and hopes < self._quorum else None

    def _best_waiting(self) -> int:
        zones = self._zones | {attempt.shard.zone for attempt in self._fresh()}
        fits = (i for i, (shard, _) in enumerate(self._waiting) if shard.zone not in zones)
        return next(fits, 0)

    def _start(self, shard: ShardSpec, store: BlobStore) -> None:
        attempt = _Attempt(shard)
        with self._lock:
            self._unfinished += 1
            self._under_way += 1
        self._running.append(attempt)
        attempt.future = self._executor.submit(self._work, attempt, store)

    # On the executor's threads

    def _work(self, attempt: _Attempt, store: BlobStore) -> None:
        # A PUT is slow from here on: waiting for a free thread is not the shard's fault.
        attempt.started = time.monotonic()
        try:
            check = self._put(store)
        except BaseException as error:  # noqa: BLE001 - run() raises what is no shard's fault
            self._ended(attempt, error)
        else:
            self._ended(attempt, check)

    def _ended(self, attempt: _Attempt, how: Check | BaseException) -> None:
        attempt.ended = time.monotonic()
        with self._lock:
            listening = self._listening
            if listening:
                self._tell(attempt, how)
        try:
            if not listening:
                self._outcome(attempt, how)  # for the breakers; nobody waits for it
        finally:
            self._one_less()

    def _tell(self, attempt: _Attempt, how: Check | BaseException) -> None:
        """Pass the news on, together with what was kept back, once there is something to do.

        A copy that was accepted while more are needed, and under way, changes nothing: whoever
        waits would only be woken to wait again.
        """
        self._unheard.append((attempt, how))
        accepted = isinstance(how, Check)
        self._accepted += accepted
        self._under_way -= 1
        if not accepted or self._accepted >= self._quorum or not self._under_way:
            self._news.put(self._unheard)
            self._unheard = []

    def _one_less(self) -> None:
        with self._lock:
            self._unfinished -= 1
            last = self._unfinished == 0 and not self._listening
        if last:
            self._finish()

    def _finish(self) -> None:
        self.finished.set()
        if self._on_finished:
            self._on_finished()

    # Listening

    def _listen(self) -> None:
        now = time.monotonic()
        timeout = max(0.0, self._next_moment(now) - now)
        try:
            heard = self._news.get(timeout=timeout)
        except queue.Empty:
            heard = self._kept_back()
        self._settle_all(heard)

    def _kept_back(self) -> list[_News]:
        with self._lock:
            heard, self._unheard = self._unheard, []
        return heard

    def _next_moment(self, now: float) -> float:
        # One that has not started yet cannot be slow before it would be if it started now.
        slow = ((a.started or now) + self._slow_after for a in self._fresh())
        return min([self._patient_until, *slow])

    def _settle_all(self, heard: list[_News]) -> None:
        for attempt, how in heard:
            self._settle(attempt, how)

    def _settle(self, attempt: _Attempt, how: Check | BaseException) -> None:
        self._running.remove(attempt)
        placed = self._outcome(attempt, how)
        if placed is None:
            return
        self._placed.append(placed)
        self._zones.add(attempt.shard.zone)
        if len(self._placed) == self._quorum:
            self._be_brief()

    def _be_brief(self) -> None:
        now = time.monotonic()
        self._patient_until = now + min(self._slow_after, now - self._began)

    def _give_up_slow(self) -> None:
        now = time.monotonic()
        for attempt in self._fresh():
            if attempt.started is not None and now - attempt.started >= self._slow_after:
                attempt.slow = True
                self._breakers.failed(attempt.shard.name)

    def _outcome(self, attempt: _Attempt, how: Check | BaseException) -> Placed | None:
        """Tell the breaker how a PUT ended; return the copy, if it is one."""
        if isinstance(how, Check):
            self._tell_breaker(attempt, well=True)
            return Placed(attempt.shard.name, how)
        if isinstance(how, ShardUnavailableError):
            _log.warning("shard %s did not take a blob: %s", attempt.shard.name, how)
            self._tell_breaker(attempt, well=False)
        else:
            _log.warning("no shard takes this blob: %s", how)
            self._defect = how  # raised by run()
        return None

    def _tell_breaker(self, attempt: _Attempt, *, well: bool) -> None:
        name, by = attempt.shard.name, attempt.expected_by
        counted = by is not None and not self._breakers.answered(name, by=by)
        if attempt.slow or counted:
            return  # a slow success is no recommendation
        started = attempt.started or self._began
        # Until it ended, and not until now: it may have waited to be heard.
        if well and attempt.ended - started < self._slow_after:
            self._breakers.succeeded(name)
        else:
            self._breakers.failed(name)

    def _expect(self, attempt: _Attempt) -> None:
        if not attempt.slow and attempt.started is not None:
            attempt.expected_by = attempt.started + self._slow_after
            self._breakers.expect(attempt.shard.name, by=attempt.expected_by)

    def _close(self) -> None:
        """Hear what came in last, call off what never started, leave the rest to itself."""
        left = [a for a in self._running if a.future is not None and self._leave(a, a.future)]
        with self._lock:
            self._listening = False
            last = self._unfinished == 0
        with suppress(queue.Empty):
            while True:
                self._settle_all(self._news.get_nowait())
        self._settle_all(self._kept_back())
        self.late = frozenset(a.shard.name for a in left if a in self._running)
        if last:
            self._finish()

    def _leave(self, attempt: _Attempt, future: Future[None]) -> bool:
        """Call off a PUT; return whether it has started, and goes on by itself."""
        if not future.cancel():
            self._expect(attempt)
            return True
        with self._lock:
            self._unfinished -= 1
        return False
