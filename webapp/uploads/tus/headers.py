"""The headers of tus, read. Pure.

Source: tus 1.0.0 (tus.io/protocols/resumable-upload): core, creation, creation-with-upload,
checksum, expiration, termination.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webapp.core.errors import MalformedRequestError, TooLargeError, UnsupportedTypeError
from webapp.intake.details import Details, details_read
from webapp.uploads.tus.errors import UnsupportedVersionError, WrongContentTypeError

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,checksum,expiration,termination"
ALGORITHMS: Final = ("sha1", "sha256", "sha512", "md5")
CONTENT_TYPE: Final = "application/offset+octet-stream"
MAX_METADATA_LENGTH: Final = 8 * 1024
_NUMBER = re.compile(r"[0-9]{1,32}")
_OVERRIDABLE = frozenset({"HEAD", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the body of one request should come to."""

    algorithm: str
    digest: bytes


def method_of(method: str, headers: Mapping[str, str]) -> str:
    """Return the method meant: clients that know no PATCH or DELETE send a POST that says so.

    Only a POST may: it has been checked as the unsafe request it is.
    """
    override = headers.get("x-http-method-override", "").upper()
    return override if method == "POST" and override in _OVERRIDABLE else method


def version_check(headers: Mapping[str, str]) -> None:
    """Check that the client speaks our version.

    Raises:
        UnsupportedVersionError: Another, or none.
    """
    version = headers.get("tus-resumable", "")
    if version != VERSION:
        raise UnsupportedVersionError(f"Tus-Resumable is {version[:32]!r}, not {VERSION!r}.")


def length_read(headers: Mapping[str, str], *, limit: int) -> int:
    """Return how many bytes a new upload will have.

    Raises:
        MalformedRequestError: Not said, or to be said later, which is not taken.
        UnsupportedTypeError: None at all: no picture.
        TooLargeError: More than ``limit``.
    """
    if "upload-defer-length" in headers:
        raise MalformedRequestError("Upload-Defer-Length is not taken; send Upload-Length.")
    length = _number(headers, "upload-length")
    if length == 0:
        raise UnsupportedTypeError("The upload has no bytes.", found="empty")
    if length > limit:
        raise TooLargeError(bytes=length, limit=limit)
    return length


def offset_read(headers: Mapping[str, str]) -> int:
    """Return where a client believes its upload to be.

    Raises:
        MalformedRequestError: Not said.
    """
    return _number(headers, "upload-offset")


def _number(headers: Mapping[str, str], name: str) -> int:
    value = headers.get(name, "")
    if not _NUMBER.fullmatch(value):
        raise MalformedRequestError(f"{name.title()} {value[:32]!r} is not a number of bytes.")
    return int(value)


def body_announced(headers: Mapping[str, str]) -> int | None:
    """Return how many bytes the body of a request has; None when nobody knows."""
    value = headers.get("content-length", "")
    if not _NUMBER.fullmatch(value):
        return None if "transfer-encoding" in headers else 0
    return int(value)


def has_body(headers: Mapping[str, str]) -> bool:
    """Return whether bytes may follow; HTTP/2 need not say so in any other way than by type."""
    return body_announced(headers) != 0 or _is_bytes(headers)


def content_type_check(headers: Mapping[str, str]) -> None:
    """Check that a body is said to be bytes of an upload.

    Raises:
        WrongContentTypeError: It is not.
    """
    if not _is_bytes(headers):
        found = headers.get("content-type", "")
        raise WrongContentTypeError(f"Content-Type is {found[:64]!r}, not {CONTENT_TYPE!r}.")


def _is_bytes(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == CONTENT_TYPE


def checksum_read(headers: Mapping[str, str]) -> Checksum | None:
    """Return what the body should come to; None when the client does not say.

    Raises:
        MalformedRequestError: An algorithm we do not know, or no digest of it.
    """
    value = headers.get("upload-checksum")
    if value is None:
        return None
    algorithm, _, encoded = value.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise MalformedRequestError(f"Upload-Checksum {algorithm[:32]!r}: known are {known}.")
    digest = _decode(encoded, "Upload-Checksum")
    if len(digest) != hasher(algorithm).digest_size:
        raise MalformedRequestError(f"Upload-Checksum is {len(digest)} bytes long: no {algorithm}.")
    return Checksum(algorithm, digest)


def hasher(algorithm: str) -> "hashlib._Hash":
    """Return a hash of one of ``ALGORITHMS``: they find damage here, not malice."""
    return hashlib.new(algorithm, usedforsecurity=False)


def metadata_read(value: str) -> dict[str, str]:
    """Return what Upload-Metadata says, by key.

    Raises:
        MalformedRequestError: Too long, a key without a name or twice, or a value that is not
            base64. Bytes that are not UTF-8 are replaced.
    """
    if len(value) > MAX_METADATA_LENGTH:
        raise MalformedRequestError(
            f"Upload-Metadata has {len(value)} characters; {MAX_METADATA_LENGTH} are allowed."
        )
    found: dict[str, str] = {}
    for pair in value.split(",") if value.strip() else ():
        key, _, encoded = pair.strip().partition(" ")
        if not key or not key.isascii() or key in found:
            raise MalformedRequestError(f"Upload-Metadata: key {key[:32]!r} is empty or not alone.")
        found[key] = _decode(encoded, f"Upload-Metadata {key[:32]!r}").decode("utf-8", "replace")
    return found


def details_of(metadata: str) -> Details:
    """Return what a client says of its picture: filename, title, album, kind.

    Raises:
        MalformedRequestError: See ``metadata_read``; or a kind that does not exist.
    """
    return details_read(metadata_read(metadata))


def _decode(encoded: str, what: str) -> bytes:
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise MalformedRequestError(f"{what}: {encoded[:32]!r} is not base64.") from None
