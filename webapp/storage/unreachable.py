"""UnreachableStore: stands in for a shard this process cannot talk to."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import NoReturn

from webapp.core.errors import ShardUnavailableError
from webapp.core.label import Label
from webapp.storage.base import BlobStat, Check, OpenBlob, Source


class UnreachableStore:
    """A shard that never answers, so that one wrong setting stops one shard and no other.

    Args:
        name: Of the shard.
        reason: Why, for whoever reads the log.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def put(self, key: str, source: Source, *, label: Label) -> Check:  # noqa: ARG002
        """Raise ShardUnavailableError."""
        self._refuse()

    def open(
        self,
        key: str,  # noqa: ARG002
        *,
        start: int = 0,  # noqa: ARG002
        end: int | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[OpenBlob | None]:
        """Raise ShardUnavailableError."""
        self._refuse()

    def stat(self, key: str) -> BlobStat | None:  # noqa: ARG002
        """Raise ShardUnavailableError."""
        self._refuse()

    def delete(self, key: str) -> None:  # noqa: ARG002
        """Raise ShardUnavailableError."""
        self._refuse()

    def keys(self, prefix: str = "", *, after: str = "") -> Iterator[str]:  # noqa: ARG002
        """Raise ShardUnavailableError."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ShardUnavailableError(f"{self.name}: {self._reason}.", shard=self.name)
