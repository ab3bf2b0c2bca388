"""What the answers of S3 stores mean. Pure: codes and numbers in, errors out."""

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock

from webapp.core.errors import ShardFullError, ShardUnavailableError

# Codes and words of MinIO, Ceph, Garage, SeaweedFS, Backblaze, Storj and those like them.
_FULL = re.compile(
    r"quota.{0,24}(exceed|reach)|exceed.{0,24}quota|storage.?full|insufficient.?storage"
    r"|storage.?(cap|limit).?exceed|exceed.{0,16}storage.?(cap|limit)|no space left"
    r"|disk (is )?full|no (free|writable) volumes",
    re.IGNORECASE,
)
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Too many requests in a time are a quota as well, and no sign of a full store."""
_WRONG_BYTES = frozenset(
    {
        "BadDigest",
        "InvalidDigest",
        "XAmzContentChecksumMismatch",
        "XAmzContentSHA256Mismatch",
    }
)


class StoreRefusedError(ShardUnavailableError):
    """A store answered, and not with success.

    Where nobody knows better it says nothing about the blob: a bucket that is gone, a refusal
    of our credentials and a bare 404 are no absence.

    Args:
        shard_name: Whose store.
        code: As in the answer's body; a bare number where it had none.
        status: HTTP status.
        message: The store's own words.
    """

    def __init__(self, shard_name: str, *, code: str, status: int, message: str) -> None:
        super().__init__(
            f"Shard {shard_name!r} answered {status} {code}: {message}", shard=shard_name
        )
        self.store_code = code
        self.store_status = status

    @property
    def absent(self) -> bool:
        """Whether the store said that there is no such blob."""
        return self.store_code == "NoSuchKey"

    @property
    def bare_not_found(self) -> bool:
        """Whether it answered 404 without a body: the blob or the bucket is missing."""
        return self.store_status == HTTPStatus.NOT_FOUND and self.store_code in {"404", "NotFound"}

    @property
    def past_end(self) -> bool:
        """Whether it said that the blob has no byte in the range asked for."""
        return self.store_status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE

    @property
    def wrong_bytes(self) -> bool:
        """Whether it compared a checksum and refused the bytes."""
        return self.store_code in _WRONG_BYTES


def refusal(
    shard_name: str, *, code: str, status: int, message: str
) -> StoreRefusedError | ShardFullError:
    """Return what to raise for an answer that is no success."""
    if status not in _BUSY and (
        status == HTTPStatus.INSUFFICIENT_STORAGE or _FULL.search(f"{code} {message}")
    ):
        return full(shard_name, f"{status} {code}: {message}")
    return StoreRefusedError(shard_name, code=code, status=status, message=message)


def full(shard_name: str, words: str) -> ShardFullError:
    """Return what to raise for a store without room."""
    return ShardFullError(f"Shard {shard_name!r} is full: {words}", shard=shard_name)


class Refusals:
    """Tells a store that is full and does not say so: it takes no blob and does all else.

    SeaweedFS without a free volume answers each PUT "500 InternalError", as it does for any
    defect. Several in a row over some time, and none accepted in between, are taken for full.

    Args:
        clock: Seconds, never running backwards; tests bring their own.
    """

    IN_A_ROW = 5
    SECONDS = 10.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._count = 0
        self._since = 0.0
        self._lock = Lock()

    def accepted(self) -> None:
        """Forget what was refused."""
        self._count = 0

    def refused(self, answer: StoreRefusedError) -> bool:
        """Count the refusal of a blob; return whether the store counts as full by now."""
        if answer.store_status != HTTPStatus.INTERNAL_SERVER_ERROR:
            return False
        with self._lock:
            now = self._clock()
            if not self._count:
                self._since = now
            self._count += 1
            return self._count >= self.IN_A_ROW and now - self._since >= self.SECONDS
