"""What the answers of S3 stores mean. Pure: codes and numbers in, errors out."""

from http import HTTPStatus

from webapp.core.errors import ShardFullError, ShardUnavailableError

_FULL = frozenset(
    {
        "InsufficientStorage",
        "QuotaExceeded",
        "QuotaExceededException",
        "StorageFull",
        "XMinioAdminBucketQuotaExceeded",
        "XMinioStorageFull",
    }
)
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
    if code in _FULL or status == HTTPStatus.INSUFFICIENT_STORAGE:
        return ShardFullError(
            f"Shard {shard_name!r} is full: {status} {code}: {message}", shard=shard_name
        )
    return StoreRefusedError(shard_name, code=code, status=status, message=message)
