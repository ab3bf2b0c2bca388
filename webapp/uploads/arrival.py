"""Bodies that arrive at once are kept in memory until they are stored; all others are spooled.

A spool file is there because a client may take minutes. Of a body that came within a moment it
would only be written to be read again: three hops to threads, a file made and removed.
"""

import asyncio
from pathlib import Path
from typing import Final, Self

from webapp.core.errors import TooLargeError
from webapp.storage.base import ONCE_BYTES
from webapp.uploads.spool import Held, Spool, Spooled
from webapp.uploads.threads import STORE_THREADS

PROMPT_SECONDS: Final = 0.05
STEADY_BYTES: Final = 64 * 1024
"""Of whom less comes in so long is spooled, and holds no more than one buffer from then on."""
PROMPT_BYTES: Final = ONCE_BYTES
TOGETHER_BYTES: Final = 2 * STORE_THREADS * PROMPT_BYTES
"""As many of the largest as are stored at a time, and as many again that arrive meanwhile."""


class PromptRoom:
    """Room in memory for all bodies of this process that arrive at once.

    Args:
        together: Bytes for all.
    """

    def __init__(self, *, together: int = TOGETHER_BYTES) -> None:
        self._free = together

    def take(self, count: int) -> bool:
        """Take so many bytes of it; return whether they were there."""
        if count > self._free:
            return False
        self._free -= count
        return True

    def give_back(self, count: int) -> None:
        """Let others have so many bytes."""
        self._free += count


prompt_room = PromptRoom()
"""Of this process; used on the event loop only."""


class Arrival:
    """Receives one body. Nothing is left behind unless ``finish`` was called.

    Use it as a context for as long as it needs its room.

    Args:
        folder: Of the spool.
        limit: Most bytes.
        room: For what is not spooled.
    """

    # Thousands are held at a time.
    __slots__ = (
        "_folder",
        "_held",
        "_held_before",
        "_limit",
        "_moving",
        "_parts",
        "_room",
        "_spool",
        "_timer",
    )

    def __init__(self, *, folder: Path, limit: int, room: PromptRoom = prompt_room) -> None:
        self._folder = folder
        self._limit = limit
        self._room = room
        self._parts: list[bytes | memoryview] = []
        self._held = 0
        self._held_before = 0
        self._timer: asyncio.TimerHandle | None = None
        self._spool: Spool | None = None
        self._moving: asyncio.Task[None] | None = None

    async def write(self, data: bytes | memoryview) -> None:
        """Add bytes.

        Raises:
            TooLargeError: As soon as the limit is passed.
            BusyError: The disk is full, or too many files are open.
        """
        if self._spool is None and self._hold(data):
            return
        spool = self._spool_from_now()
        await self._moved()
        await spool.write(data)

    async def finish(self) -> Spooled | Held:
        """Return what was received; a file is the caller's from now on.

        Raises:
            BusyError: The disk is full, or too many files are open.
        """
        self._stop_timer()
        if self._spool is None:
            parts, self._parts = self._parts, []
            return Held(parts)
        await self._moved()
        return await self._spool.finish()

    async def discard(self) -> None:
        """Leave nothing behind."""
        self._stop_timer()
        if self._moving is not None:
            await asyncio.gather(self._moving, return_exceptions=True)
        if self._spool is not None:
            await self._spool.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let others have its room; it is stored, or gone."""
        self._let_go()

    def _hold(self, data: bytes | memoryview) -> bool:
        size = self._held + len(data)
        if size > self._limit:
            raise TooLargeError(bytes=size, limit=self._limit)
        if size > PROMPT_BYTES or not self._room.take(len(data)):
            return False
        self._held = size
        self._parts.append(data)
        if self._timer is None:
            self._wait()
        return True

    def _wait(self) -> None:
        self._held_before = self._held
        self._timer = asyncio.get_running_loop().call_later(PROMPT_SECONDS, self._look_again)

    def _look_again(self) -> None:
        """Spool it now, unless more keeps coming: then it is we who are slow."""
        if self._held - self._held_before < STEADY_BYTES:
            self._spool_from_now()
        else:
            self._wait()

    def _spool_from_now(self) -> Spool:
        if self._spool is None:
            self._stop_timer()
            self._spool = Spool(folder=self._folder, limit=self._limit)
            self._moving = asyncio.get_running_loop().create_task(self._move(self._spool))
        return self._spool

    async def _move(self, spool: Spool) -> None:
        parts, self._parts = self._parts, []
        parts.reverse()
        while parts:
            await spool.write(parts.pop())
        self._let_go()
        self._moving = None

    async def _moved(self) -> None:
        if self._moving is not None:
            await self._moving

    def _let_go(self) -> None:
        self._room.give_back(self._held)
        self._held = 0

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
