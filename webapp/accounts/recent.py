"""Tokens that were looked up a moment ago, so that a burst of uploads asks the index once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from webapp.accounts.principal import Principal

RECENT_SECONDS: Final = 1.0
"""How long a token that was revoked in another process may still let uploads in."""
MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class _Seen:
    principal: Principal
    until: float
    expires_at: datetime | None


class RecentTokens:
    """Who came with which token, by the token's hash. Safe between threads.

    Args:
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def find(self, token_hash: str) -> Principal | None:
        """Return who came with a token within ``RECENT_SECONDS``; None says nothing of it."""
        seen = self._seen.get(token_hash)
        if seen is None or self._clock() > seen.until:
            return None
        if seen.expires_at is not None and seen.expires_at <= timezone.now():
            return None
        return seen.principal

    def note(self, token_hash: str, principal: Principal, *, expires_at: datetime | None) -> None:
        """Remember what the index said of a token just now."""
        if len(self._seen) >= MOST:
            self._seen.clear()  # rare, and costs each of them one look
        self._seen[token_hash] = _Seen(principal, self._clock() + RECENT_SECONDS, expires_at)

    def forget(self, token_hash: str) -> None:
        """Let a token that was revoked not in again, in this process at once."""
        self._seen.pop(token_hash, None)


recent_tokens = RecentTokens()
"""Of this process."""
