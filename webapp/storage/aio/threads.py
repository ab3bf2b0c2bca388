"""A few daemon threads per shard: a hung disk costs its own threads and nothing else.

Not ThreadPoolExecutor: its threads are joined when the interpreter ends, so one read that
hangs in the kernel would keep the process alive; and a round trip through it costs twice the
processor time of a bare queue (80 against 45 microseconds, where the read itself takes 5).
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from webapp.core.errors import ShardUnavailableError

T = TypeVar("T")


class ShardThreads:
    """Runs blocking calls of one shard. Bounded in threads and in calls that wait.

    Args:
        name: Shard the threads belong to; in their names and in errors.
        count: Most threads; started as they are needed.
        backlog: Calls that may wait for a thread; more are refused at once, because the
            threads hang or the disk cannot keep up.
    """

    def __init__(self, name: str, *, count: int, backlog: int) -> None:
        self._name = name
        self._count = count
        self._backlog = backlog
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0

    async def run(
        self,
        function: Callable[[], T],
        *,
        seconds: float,
        discard: Callable[[T], object] | None = None,
    ) -> T:
        """Return what ``function`` returns, from a thread of this shard.

        Args:
            function: May block; its exceptions are raised here.
            seconds: How long to wait. The call itself cannot be stopped and keeps its thread.
            discard: Takes a result that came after nobody waited any longer.

        Raises:
            ShardUnavailableError: It took longer, or too many calls wait already.
        """
        if self._busy >= self._count + self._backlog:
            raise ShardUnavailableError(shard=self._name, waiting=self._busy)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._busy += 1
        self._ensure_thread()
        self._calls.put(lambda: self._call(loop, future, function, discard))
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise ShardUnavailableError(shard=self._name, waited_seconds=seconds) from None

    def close(self) -> None:
        """End the threads once what they were given is done; a hung one ends with the process."""
        for _ in self._threads:
            self._calls.put(None)
        self._threads.clear()

    def _ensure_thread(self) -> None:
        if len(self._threads) < min(self._count, self._busy):
            name = f"shard-{self._name}-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def _call(
        self,
        loop: asyncio.AbstractEventLoop,
        future: "asyncio.Future[T]",
        function: Callable[[], T],
        discard: Callable[[T], object] | None,
    ) -> None:
        """Run on a thread: call, and hand over what came of it."""
        settle: Callable[[], object] = future.cancel  # nobody waited until its turn came
        if not future.done():
            settle = self._settled(future, function, discard)
        with contextlib.suppress(RuntimeError):  # the loop has ended, nobody waits
            loop.call_soon_threadsafe(self._deliver, settle)

    def _settled(
        self,
        future: "asyncio.Future[T]",
        function: Callable[[], T],
        discard: Callable[[T], object] | None,
    ) -> Callable[[], None]:
        """Call ``function`` and return what settles the future, to be run on the loop."""
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            caught = error
            return lambda: None if future.done() else future.set_exception(caught)

        def settle() -> None:
            if not future.done():
                future.set_result(result)
            elif discard is not None:
                self._calls.put(lambda: _discard(discard, result))

        return settle

    def _deliver(self, settle: Callable[[], object]) -> None:
        self._busy -= 1
        settle()


def _discard(discard: Callable[[T], object], result: T) -> None:
    """Run on a thread: give back what nobody waits for; a disk may fail at that, too."""
    with contextlib.suppress(Exception):
        discard(result)
