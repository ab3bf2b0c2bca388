"""What can go wrong with a resumable upload only; the rest is in ``webapp.core.errors``."""

from webapp.core.errors import CallerError, ConflictError, RetryError


class UnsupportedVersionError(CallerError):
    """A resumable upload needs `Tus-Resumable: 1.0.0`."""

    code = "malformed-request"
    status = 412
    title = "Another version of tus"


class WrongContentTypeError(CallerError):
    """The bytes of a resumable upload come as `application/offset+octet-stream`."""

    code = "malformed-request"
    status = 415
    title = "Wrong Content-Type"


class OffsetConflictError(ConflictError):
    """The bytes do not continue the resumable upload where it ends; `offset` says where."""

    title = "The upload is at another offset"


class ChecksumMismatchError(CallerError):
    """The bytes do not have the checksum they were announced with; none of them was kept."""

    code = "checksum-mismatch"
    status = 460
    title = "Checksum mismatch"


class UploadGoneError(CallerError):
    """The resumable upload has ended: refused, deleted, or not continued in time."""

    code = "deleted"
    status = 410
    title = "The upload has ended"


class UploadLockedError(RetryError):
    """Another request writes to the same resumable upload, or stores it."""

    code = "locked"
    status = 423
    title = "The upload is in use"
    default_retry_after = 1
