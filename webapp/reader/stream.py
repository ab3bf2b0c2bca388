"""BlobStream: a large blob on its way from a shard to a client, verified as it passes."""

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from webapp.core.errors import DigestMismatchError, ShardUnavailableError
from webapp.storage.aio.base import AsyncBlob

PIECE_BYTES: Final = 8 * 1024
"""Bytes given to the server at a time. It takes a handful of them ahead of a slow client, and as
much as config/serve.py has it hold."""


class BlobStream:
    """The bytes of one answer, in pieces.

    The last piece is held back until the digest of all of them was compared, so a client
    that got every byte got the right ones. A part of a blob has no digest to compare with.

    Args:
        blob: Open at ``start``.
        shard: Where it comes from.
        start: First byte of the blob that is sent.
        end: First byte that is not.
        digest: What all bytes must have; None for a part.
        bad: Called when they do not.
        failed: Called when the shard stops answering on the way.
    """

    def __init__(
        self,
        blob: AsyncBlob,
        *,
        shard: str,
        start: int,
        end: int,
        digest: str | None,
        bad: Callable[[], object],
        failed: Callable[[ShardUnavailableError], object],
    ) -> None:
        self.shard = shard
        self.size = end - start
        self._blob = blob
        self._digest = digest
        self._bad = bad
        self._failed = failed

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the bytes.

        Raises:
            DigestMismatchError: They are wrong, or fewer or more than promised; the
                connection must be cut, so that nobody takes what was sent for the whole.
            ShardUnavailableError: The shard stopped; the same consequence.
        """
        hasher, seen, held = hashlib.sha256(), 0, b""
        async for chunk in self._chunks():
            for at in range(0, len(chunk), PIECE_BYTES):
                if held:
                    yield held
                held = chunk[at : at + PIECE_BYTES]
                seen += len(held)
                if self._digest is not None:
                    hasher.update(held)
        self._compare(f"sha256:{hasher.hexdigest()}", seen)
        yield held

    async def _chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._blob.chunks:
                yield chunk
        except ShardUnavailableError as error:
            self._failed(error)
            raise

    async def aclose(self) -> None:
        """Give back what the blob holds."""
        await self._blob.aclose()

    def _compare(self, found: str, seen: int) -> None:
        wanted = self._digest
        if seen != self.size or (wanted is not None and found != wanted):
            self._bad()
            raise DigestMismatchError(wanted=wanted, found=found, bytes=seen, size=self.size)
