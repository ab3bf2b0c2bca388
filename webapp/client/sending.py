"""A picture on its way, and sending it whole."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from webapp.client.patience import Patience
from webapp.client.pictures import Picture, pieces
from webapp.client.server import Server


@dataclass(frozen=True, slots=True)
class Sending:
    """A picture on its way.

    Args:
        picture: The file.
        words: What is said of it.
        patience: How failures are met.
        moved: Told the offset that was reached.
    """

    picture: Picture
    words: dict[str, str]
    patience: Patience
    moved: Callable[[int], None]

    @contextlib.contextmanager
    def body(self, start: int, end: int) -> Iterator[Iterator[bytes]]:
        """Give the bytes between two offsets; stops where a person stops the command."""
        with self.picture.path.open("rb") as file:
            yield self._checked(pieces(file, start=start, end=end))

    def _checked(self, read: Iterator[tuple[int, bytes]]) -> Iterator[bytes]:
        for offset, piece in read:
            self.patience.check()
            yield piece
            self.moved(offset)


def send_whole(server: Server, sending: Sending, *, key: str) -> dict[str, Any]:
    """Upload in one request; return the image.

    Args:
        server: Where to.
        sending: The picture.
        key: Sent as Idempotency-Key: an answer that was lost is given again.

    Raises:
        RefusedError, AgainError: See ``Server.call``.
    """
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(sending.picture.size),
        "Idempotency-Key": key,
    }
    with sending.body(0, sending.picture.size) as body:
        return server.store(content=body, params=sending.words, headers=headers)
