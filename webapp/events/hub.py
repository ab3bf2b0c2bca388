"""Who listens in this process, and what they are told. Runs on the event loop alone."""

import asyncio
import secrets
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Final

from webapp.core.errors import BusyError, RateLimitedError
from webapp.events.happened import Happened, refresh

MOST_PER_USER: Final = 16
MOST_UNSENT: Final = 64
KEPT: Final = 2000
"""Events that are kept for who comes back."""
_TOKEN_BYTES: Final = 6


class Listener:
    """One connection, and what was not sent on it yet.

    Args:
        owner_id: Whose images it is told of.
        begins_at: Id of the event before the first it is told of.
    """

    def __init__(self, owner_id: str, begins_at: str) -> None:
        self.owner_id = owner_id
        self.begins_at = begins_at
        self.over = False
        self._unsent: deque[bytes] = deque()
        self._wake = asyncio.Event()

    def tell(self, said: bytes, *, instead: bytes) -> None:
        """Add something to send; who reads too slowly gets ``instead`` of all of it."""
        if len(self._unsent) >= MOST_UNSENT:
            self._unsent.clear()
            said = instead
        self._unsent.append(said)
        self._wake.set()

    def end(self) -> None:
        """Let the connection end."""
        self.over = True
        self._wake.set()

    async def next(self, *, within: float) -> bytes:
        """Return what there is to send, nothing when nothing happened for so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._wake.wait()
        except TimeoutError:
            return b""
        self._wake.clear()
        told = b"".join(self._unsent)
        self._unsent.clear()
        return told


class Hub:
    """Tells listeners what happened to their images, and remembers it for a while.

    Ids of events hold a token of this hub: those of another process, or of a time at which
    nobody listened here, are known as such, and who brings one is told to look again.

    Args:
        most: Listeners of this process.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._by_owner: defaultdict[str, set[Listener]] = defaultdict(set)
        self._kept: deque[tuple[int, Happened]] = deque(maxlen=KEPT)
        self._last = 0
        self._count = 0
        self.closed = False
        self.forget()

    def forget(self) -> None:
        """Begin anew: what happens from now on may not follow what is remembered."""
        self._token = secrets.token_hex(_TOKEN_BYTES)
        self._kept.clear()

    @property
    def event_id(self) -> str:
        """Where the stream is now."""
        return f"{self._token}-{self._last}"

    @property
    def owners(self) -> frozenset[str]:
        """Whose images are listened to."""
        return frozenset(self._by_owner)

    def __len__(self) -> int:
        return self._count

    def room_check(self, owner_id: str) -> None:
        """Check that one more may listen.

        Raises:
            BusyError: Too many do, or the process is about to end.
            RateLimitedError: This user has too many streams open.
        """
        if self.closed or self._count >= self._most:
            raise BusyError("Too many listen at the moment; ask for the images instead.")
        if len(self._by_owner.get(owner_id, ())) >= MOST_PER_USER:
            raise RateLimitedError(
                f"{MOST_PER_USER} streams of this user are open.", limit=MOST_PER_USER
            )

    def join(self, owner_id: str, *, last_event_id: str = "") -> Listener:
        """Add a listener, and tell it what it missed since an event it knows.

        Raises:
            BusyError, RateLimitedError: See ``room_check``.
        """
        self.room_check(owner_id)
        listener = Listener(owner_id, self.event_id)
        self._by_owner[owner_id].add(listener)
        self._count += 1
        if last_event_id:
            self._catch_up(listener, last_event_id)
        return listener

    def leave(self, listener: Listener) -> None:
        """Remove a listener; twice is once."""
        listeners = self._by_owner.get(listener.owner_id, set())
        if listener not in listeners:
            return
        listeners.discard(listener)
        self._count -= 1
        if not listeners:
            del self._by_owner[listener.owner_id]

    def _catch_up(self, listener: Listener, last_event_id: str) -> None:
        token, _, number = last_event_id.partition("-")
        first = self._kept[0][0] if self._kept else self._last + 1
        known = token == self._token and number.isdecimal() and len(number) <= len(str(self._last))
        if not known or not first - 1 <= int(number) <= self._last:
            listener.tell(refresh(self.event_id), instead=b"")
            return
        instead = refresh(self.event_id)
        listener.begins_at = last_event_id
        for at, happened in self._kept:
            if at > int(number) and happened.owner_id == listener.owner_id:
                listener.tell(happened.said(f"{self._token}-{at}"), instead=instead)

    def publish(self, happened: Iterable[Happened]) -> None:
        """Tell listeners what happened to their images, oldest first."""
        for one in happened:
            self._last += 1
            self._kept.append((self._last, one))
            for listener in self._by_owner.get(one.owner_id, ()):
                listener.tell(one.said(self.event_id), instead=refresh(self.event_id))

    def refresh_all(self) -> None:
        """Tell everybody to look again: something may have been missed."""
        self.forget()
        said = refresh(self.event_id)
        for listeners in self._by_owner.values():
            for listener in listeners:
                listener.tell(said, instead=said)

    def close(self) -> None:
        """End all streams, and take no more."""
        self.closed = True
        for listeners in self._by_owner.values():
            for listener in listeners:
                listener.end()
