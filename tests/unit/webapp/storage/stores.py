"""Shards in memory for the tests of this room."""

import threading

from webapp.core.errors import ShardUnavailableError
from webapp.core.label import Label
from webapp.core.shards import ShardSpec
from webapp.core.signing import bytes_digest
from webapp.storage.memory import MemoryStore

KEY = "000/p00000000000000000000000/original"
DATA = b"picture"
LABEL = Label(bytes_digest(DATA), "image/png")
WAIT_SECONDS = 10.0


def silent(_operation: str, _key: str) -> Exception:
    return ShardUnavailableError("silent")


class Slow:
    """A shard that answers when it is told to."""

    def __init__(self, then: Exception | None = None) -> None:
        self.asked = threading.Event()
        self.answer = threading.Event()
        self._then = then

    def __call__(self, _operation: str, _key: str) -> Exception | None:
        self.asked.set()
        assert self.answer.wait(WAIT_SECONDS)
        return self._then


def position(name: str, zone: str = "", **options) -> tuple[ShardSpec, MemoryStore]:
    return ShardSpec(name, zone or f"zone-{name}"), MemoryStore(name, **options)


def names(placed) -> set[str]:
    return {one.shard_name for one in placed}
