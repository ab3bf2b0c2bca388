"""Bytes that have arrived whole."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event


@dataclass(frozen=True, slots=True)
class Received:
    """A file of the spool that has arrived whole. Its files stay their owner's.

    Args:
        path: The file.
        cleaned: Where its bytes go after the metadata policy, if that changes them.
        size: Bytes.
        digest: Of them, as it was counted while they came.
        uses: Grows by one event per write to a shard; the files may go once all are set.
    """

    path: Path
    cleaned: Path
    size: int
    digest: str
    uses: list[Event] = field(default_factory=list)
