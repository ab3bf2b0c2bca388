"""GuardedReader: a shard is believed only while it is the shard it should be.

The asynchronous sister of GuardedStore, with one difference: somebody calls ``check`` in the
background, so that a request neither waits for a check nor for a shard known to be away.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Final

from webapp.core.errors import ShardIdentityError, ShardUnavailableError
from webapp.core.keys import IDENTITY_KEY
from webapp.core.label import Label
from webapp.storage.aio.base import AsyncBlob, AsyncBlobReader, Warm
from webapp.storage.aio.pace import Pace
from webapp.storage.identity import Identity

RETRY_SECONDS: Final = 1.0
PROBE_SECONDS: Final = 3.0
"""A shard that takes longer to say who it is counts as silent; longer than a new connection."""
AGAIN_SECONDS: Final = 0.5
_NEVER: Final = float("-inf")


class GuardedReader:
    """One shard with the identity the topology gives it.

    Args:
        inner: The shard itself.
        identity: What the topology says of it.
        fresh_for: Seconds a check is good for.
        sure_absent: True for directories: an unmounted disk answers happily that nothing is
            there, so "absent" is believed only after another look at the identity.
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(
        self,
        inner: AsyncBlobReader,
        identity: str,
        *,
        fresh_for: float,
        sure_absent: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.inner = inner
        self.name = inner.name
        self.problem: ShardUnavailableError | None = ShardUnavailableError(
            f"Shard {inner.name!r} was not asked yet.", shard=inner.name
        )
        """Why the shard is unreachable; None while it is itself."""
        self.suspected = asyncio.Event()
        """Set when a read failed: whoever checks in the background should do so now."""
        self.pace = Pace(clock)
        """How quickly it answers, and whether others had better be asked first."""
        self.fresh_for = fresh_for
        self._wanted = Identity(inner.name, identity)
        self._sure_absent = sure_absent
        self._clock = clock
        self._confirmed = _NEVER
        self._asked = False
        self._looked = _NEVER
        self._checking: asyncio.Task[None] | None = None

    async def open(
        self, key: str, *, start: int = 0, end: int | None = None, streamed: bool = False
    ) -> AsyncBlob | None:
        """Open a range of a blob, at once refused while the shard is known to be away.

        Raises:
            ShardIdentityError: The store is not this shard; it says nothing about the blob.
            ShardUnavailableError: Cannot tell.
        """
        if self._clock() - self._confirmed >= self.fresh_for:
            await self._believe()
        try:
            blob = await self.inner.open(key, start=start, end=end, streamed=streamed)
            if blob is None and self._sure_absent:
                await self._confirm()
        except ShardUnavailableError as error:
            self.failed(error)
            raise
        return blob

    def open_warm(self, key: str) -> Warm | None:
        """Return a small blob if that takes no waiting, and the shard is surely itself."""
        if self._clock() - self._confirmed >= self.fresh_for:
            return None
        return self.inner.open_warm(key)

    async def put(self, key: str, data: bytes, *, label: Label) -> None:
        """Write a small blob, only to the shard this is; see AsyncBlobReader.

        Who it is, is looked at each time. A shard that takes nothing may be read all the same.

        Raises:
            ShardIdentityError: The store is not this shard; nothing was written.
        """
        await self._confirm()
        await self.inner.put(key, data, label=label)

    async def check(self) -> None:
        """Ask the shard who it is; ``problem`` says what came of it. Raises nothing of it.

        Many may find out together that a check is due; they share one.
        """
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())
        await asyncio.shield(self._checking)

    async def check_again(self) -> bool:
        """Look whether a shard known to be away is back; return whether it is.

        For whoever could otherwise only say that nobody can tell. Looks at most twice a
        second, however many ask.
        """
        if self.problem is not None and self._clock() - self._looked >= AGAIN_SECONDS:
            await self.check()
        return self.problem is None

    def failed(self, error: ShardUnavailableError) -> None:
        """Note that the shard did not answer; nobody asks it until a check finds it well.

        Called by whoever saw it after ``open``: while reading, or when patience ended.
        """
        self._confirmed = _NEVER
        self.problem = error
        self.suspected.set()

    async def aclose(self) -> None:
        """Give back what the shard holds."""
        await self.inner.aclose()

    async def _believe(self) -> None:
        """Return when the shard is itself as far as anybody knows."""
        if self._asked and self.problem is not None:
            raise self._known()
        await self.check()
        if self.problem is not None:
            raise self._known()

    async def _check(self) -> None:
        self.suspected.clear()
        started = self._clock()
        try:
            await self._confirm_soon()
            self.pace.probed(self._clock() - started)
        except ShardUnavailableError as error:
            self.failed(error)
        finally:
            self._asked, self._looked = True, self._clock()

    async def _confirm_soon(self) -> None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._confirm()
        except TimeoutError:
            raise ShardUnavailableError(shard=self.name, waited_seconds=PROBE_SECONDS) from None

    def _known(self) -> ShardUnavailableError:
        return ShardUnavailableError(f"Shard {self.name!r} is known to be away.", shard=self.name)

    async def _confirm(self) -> None:
        started = self._clock()
        blob = await self.inner.open(IDENTITY_KEY)
        found = None if blob is None else _identity_load(await blob.read())
        if found != self._wanted:
            raise ShardIdentityError(self._difference(found), shard=self.name)
        self._confirmed, self.problem = started, None

    def _difference(self, found: Identity | None) -> str:
        if found is None:
            return f"The store of shard {self.name!r} has no {IDENTITY_KEY}: not mounted?"
        return f"The store of shard {self.name!r} is shard {found.shard_name!r}."


def _identity_load(data: bytes) -> Identity | None:
    try:
        document = json.loads(data)
        return Identity(document["name"], document["identity"])
    except (ValueError, KeyError, TypeError):
        return None
