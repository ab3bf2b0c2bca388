"""Everything that can go wrong, by who must act; one stable code per failure.

ShoeboxError
├── CallerError             the caller must change the request
│   ├── MalformedRequestError, MalformedIdError, NotAuthenticatedError, NotAllowedError
│   ├── NotFoundError, ConflictError, DeletedError, StaleError
│   ├── MethodNotAllowedError, RangeNotSatisfiableError
│   ├── TooLargeError, UnsupportedTypeError
│   ├── TooManyPixelsError, TooManyFramesError, TruncatedError, NotDecodableError
│   ├── TooCostlyError
│   ├── AddressRefusedError, NotFetchedError
│   └── QuotaExceededError
├── RetryError              the same request may succeed later
│   ├── FetchFailedError, RateLimitedError, BusyError, ReadOnlyError, BrokerUnavailableError
│   └── ShardsUnavailableError, ShardUnavailableError, ShardIdentityError, ShardFullError
└── OperatorError           an operator must act; trying again does not help
    ├── ConfigurationError, SignatureError, TopologyConflictError
    ├── NotEnoughShardsError, UnknownVersionError
    └── DigestMismatchError, HostileKeyError, QueueConflictError

Codes are part of the HTTP contract (RFC 9457 ``code``); ``status`` is the HTTP status that
goes with them. The message names the value that caused the error.
"""

from contextlib import suppress
from typing import ClassVar


class ShoeboxError(Exception):
    """Base of all errors of Shoebox.

    Args:
        detail: One sentence for a person, naming the value and the way out.
        extra: Values for programs; they become members of the problem document.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    sentences: ClassVar[tuple[str, ...]] = ()
    """Forms for errors raised with values alone; the first that has all its values is taken."""

    def __init__(self, detail: str = "", /, **extra: object) -> None:
        self.detail = detail or self.describe(extra)
        self.extra = extra
        super().__init__(self.detail)

    @classmethod
    def describe(cls, extra: dict[str, object]) -> str:
        """Return a sentence from the values alone, for errors raised without one."""
        for sentence in cls.sentences:
            with suppress(KeyError):
                return sentence.format_map(extra)
        values = ", ".join(f"{name} {value}" for name, value in extra.items())
        return f"{cls.title}: {values}." if values else f"{cls.title}."

    @property
    def retry_after(self) -> int | None:
        """Seconds after which trying again makes sense; None when it does not."""
        return None


class CallerError(ShoeboxError):
    """The caller must change something; the same request fails again."""

    status = 400


class RetryError(ShoeboxError):
    """Nothing is wrong with the request; it may succeed later."""

    status = 503
    default_retry_after: ClassVar[int] = 5

    @property
    def retry_after(self) -> int | None:
        """Seconds after which trying again makes sense."""
        value = self.extra.get("retry_after", self.default_retry_after)
        return value if isinstance(value, int) else self.default_retry_after


class OperatorError(ShoeboxError):
    """An operator must act."""


# What a caller must change


class MalformedRequestError(CallerError):
    """The request cannot be understood."""

    code = "malformed-request"
    title = "The request cannot be understood"


class MalformedIdError(CallerError):
    """Not an image id."""

    code = "not-found"
    status = 404
    title = "Not an image id"
    sentences = ("{id!r} is not an image id.",)


class NotAuthenticatedError(CallerError):
    """No valid token or session came with the request."""

    code = "not-authenticated"
    status = 401
    title = "Not authenticated"


class NotAllowedError(CallerError):
    """The token or session does not allow this."""

    code = "not-allowed"
    status = 403
    title = "Not allowed"


class NotFoundError(CallerError):
    """There is no such thing, or it belongs to somebody else."""

    code = "not-found"
    status = 404
    title = "Not found"
    sentences = ("There is no image {id}.",)


class MethodNotAllowedError(CallerError):
    """The resource does not know this method; ``Allow`` names those it knows."""

    code = "method-not-allowed"
    status = 405
    title = "Method not allowed"
    sentences = ("This address knows only {allow}.",)


class RangeNotSatisfiableError(CallerError):
    """The range asked for starts after the end."""

    code = "range-not-satisfiable"
    status = 416
    title = "The range lies outside"


class ConflictError(CallerError):
    """The request contradicts the present state."""

    code = "conflict"
    status = 409
    title = "Conflict"


class DeletedError(CallerError):
    """The image was deleted."""

    code = "deleted"
    status = 410
    title = "Deleted"
    sentences = ("Image {id} was deleted.",)


class StaleError(CallerError):
    """The image changed since the caller read it (``If-Match``)."""

    code = "stale"
    status = 412
    title = "The image has changed since"


class TooLargeError(CallerError):
    """More bytes than an upload may have."""

    code = "too-large"
    status = 413
    title = "Too large"
    sentences = ("{bytes:,} bytes are too many; {limit:,} are allowed.",)


class UnsupportedTypeError(CallerError):
    """Not one of the types Shoebox takes."""

    code = "unsupported-type"
    status = 415
    title = "Unsupported type"
    sentences = (
        "The file is {found}; JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF and BMP pictures are taken.",
    )


class TooManyPixelsError(CallerError):
    """The picture announces more pixels than its type may have."""

    code = "too-many-pixels"
    status = 422
    title = "Too many pixels"
    sentences = ("The picture has {pixels:,} pixels; {limit:,} are allowed.",)


class TooManyFramesError(CallerError):
    """The picture has more frames than allowed."""

    code = "too-many-frames"
    status = 422
    title = "Too many frames"
    sentences = ("The picture has {frames:,} frames; {limit:,} are allowed.",)


class TruncatedError(CallerError):
    """The file ends before the picture does."""

    code = "truncated"
    status = 422
    title = "The file ends before the picture does"
    sentences = (
        "The file ends after {bytes:,} bytes; the picture needs {needed:,}.",
        "The file ends after {bytes:,} bytes; the picture lacks its {missing}.",
    )


class NotDecodableError(CallerError):
    """The decoder cannot make sense of the bytes."""

    code = "not-decodable"
    status = 422
    title = "The picture cannot be decoded"
    sentences = ("The picture cannot be decoded: {reason}.",)


class TooCostlyError(CallerError):
    """Decoding the picture takes more memory or time than one picture may have."""

    code = "too-costly"
    status = 422
    title = "The picture takes too much to decode"


class AddressRefusedError(CallerError):
    """A URL leads, or may lead, to where this service must not go."""

    code = "address-refused"
    status = 422
    title = "The address may not be reached"


class NotFetchedError(CallerError):
    """What a URL names could not be fetched; it was answered, with something else."""

    code = "not-fetched"
    status = 422
    title = "The address gave no picture"


class QuotaExceededError(CallerError):
    """The upload would exceed the owner's quota."""

    code = "quota-exceeded"
    status = 507
    title = "Quota exceeded"


# What time may heal


class FetchFailedError(RetryError):
    """The address of a picture did not answer, or not to the end."""

    code = "fetch-failed"
    title = "The address does not answer"


class RateLimitedError(RetryError):
    """Too many requests from this token or address."""

    code = "rate-limited"
    status = 429
    title = "Too many requests"


class BusyError(RetryError):
    """The service holds as much work as it may; said before the body is read."""

    code = "busy"
    title = "Busy"


class ReadOnlyError(RetryError):
    """The service takes no writes at the moment."""

    code = "read-only"
    title = "Read-only"


class BrokerUnavailableError(RetryError):
    """The queue's broker does not answer."""

    code = "broker-unavailable"
    title = "The broker does not answer"


class ShardsUnavailableError(RetryError):
    """Fewer shards than the quorum answered; nothing was kept."""

    code = "shards-unavailable"
    title = "Not enough shards answer"


class ShardUnavailableError(RetryError):
    """One shard cannot answer: it says nothing about what the shard holds."""

    code = "shard-unavailable"
    title = "A shard does not answer"


class ShardIdentityError(ShardUnavailableError):
    """The store is not the shard it should be (unmounted disk, swapped bucket)."""

    title = "A shard is not itself"


class ShardFullError(ShardUnavailableError):
    """The store answered that it has no room."""

    title = "A shard is full"


# What an operator must change


class ConfigurationError(OperatorError):
    """A setting is missing, unknown, weak or malformed; stops the start."""

    code = "configuration"
    title = "Wrong configuration"


class SignatureError(OperatorError):
    """A document or link carries no valid signature of a known key."""

    code = "bad-signature"
    title = "Bad signature"


class TopologyConflictError(OperatorError):
    """Two topologies contradict each other; publishing would lose one."""

    code = "topology-conflict"
    title = "Topologies contradict each other"


class NotEnoughShardsError(OperatorError):
    """A version has no shard to place anything on."""

    code = "not-enough-shards"
    title = "Not enough shards"


class UnknownVersionError(OperatorError):
    """A name carries a topology version this process has not seen."""

    code = "unknown-version"
    status = 503
    title = "Unknown topology version"


class DigestMismatchError(OperatorError):
    """Bytes do not have the digest they should have."""

    code = "digest-mismatch"
    title = "Digest mismatch"


class QueueConflictError(OperatorError):
    """The broker has a queue of this name with other arguments."""

    code = "queue-conflict"
    title = "The queue is another one"


class HostileKeyError(OperatorError):
    """A blob key would leave its shard."""

    code = "hostile-key"
    title = "Not a blob key"
