"""S3Store: a shard in a bucket of an S3-compatible store, by boto3.

For administration, probes and the PUTs of the write service and the workers; the read
service has its own, faster client.
"""

import base64
import hashlib
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from webapp.core.errors import DigestMismatchError, ShardUnavailableError
from webapp.core.label import Label, label_dump, label_load
from webapp.storage.address import S3Address
from webapp.storage.base import CHUNK_BYTES, BlobStat, Check, OpenBlob, Source
from webapp.storage.blob_keys import PROBE_PREFIX, key_check, key_valid
from webapp.storage.per_process import PerProcess
from webapp.storage.s3_errors import Refusals, StoreRefusedError, full, refusal
from webapp.storage.source import source_digest, source_hash, source_open, source_size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0
ATTEMPTS = 2
POOL_CONNECTIONS = 32
PAGE_KEYS = 1000
AT_ONCE_BYTES = 256 * 1024
"""A body is sent without asking first whether it would be taken, which is a round trip.

Of a larger one that it refuses a store may hang up before it was read, and the refusal is lost.
"""
# Our shards are described by the topology alone, never by the personal settings of whoever
# starts the process.
_NO_PERSONAL_SETTINGS = {
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "profile": (None, None, None, None),
}


def _session_make() -> tuple[boto3.session.Session, threading.Lock]:
    inner = botocore.session.Session(session_vars=_NO_PERSONAL_SETTINGS)
    return boto3.session.Session(botocore_session=inner), threading.Lock()


# One for all stores of a process: it reads the description of S3 once, which takes 80 ms.
# Clients are safe between threads, making one is not, hence the lock.
_session = PerProcess(_session_make)


class S3Store:
    """A shard in a bucket. Safe between threads; connects after a fork, on first use.

    A store that refuses bytes with a wrong checksum is trusted to compare them, which is tried
    once per process; from any other they are read back. Nothing relies on ETag, conditional
    writes or listings in a request path.

    Args:
        name: Of the shard.
        address: Endpoint, bucket and how to speak to it.
        credentials: Access key id, secret access key.
        pool_connections: Kept open at most; no fewer than the threads that use it.
        connect_timeout: Seconds, each of two attempts.
        read_timeout: Seconds without a byte, each of two attempts.
    """

    def __init__(
        self,
        name: str,
        address: S3Address,
        credentials: tuple[str, str],
        *,
        pool_connections: int = POOL_CONNECTIONS,
        connect_timeout: float = CONNECT_SECONDS,
        read_timeout: float = READ_SECONDS,
    ) -> None:
        self.name = name
        self.address = address
        self._credentials = credentials
        self._config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if address.path_style else "virtual"},
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            max_pool_connections=pool_connections,
            request_checksum_calculation=address.checksum,
            # Whoever reads compares the label's digest; once is enough.
            response_checksum_validation="when_required",
        )
        self._client = PerProcess(self._connect)
        self._compares = PerProcess(self._try_wrong_checksum)
        self._refusals = Refusals()

    def put(self, key: str, source: Source, *, label: Label) -> Check:
        """Write a whole blob with its label; see BlobStore. Always VERIFIED."""
        key_check(key)
        try:
            compares = self._compares.get()
            if not compares or not self._sends_sha256:
                _compare(source, label.digest, key=key)
            self._put(key, source, label=label)
        except StoreRefusedError as answer:
            if self._refusals.refused(answer):
                raise full(self.name, f"it refuses every blob ({answer.detail})") from answer
            raise
        self._refusals.accepted()
        if not compares:
            self._read_back(key)
        return Check.VERIFIED

    @contextmanager
    def open(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> Iterator[OpenBlob | None]:
        """Open a range of a blob; see BlobStore."""
        key_check(key)
        blob, body = self._get(key, start, end)
        try:
            yield blob
        finally:
            if body is not None:
                body.close()

    def stat(self, key: str) -> BlobStat | None:
        """Return size, time and label of a blob; see BlobStore."""
        key_check(key)
        try:
            return _stat(self._ask("head_object", Key=key))
        except StoreRefusedError as answer:
            if not answer.bare_not_found:
                raise
        return self._stat_by_get(key)

    def delete(self, key: str) -> None:
        """Remove a blob; see BlobStore."""
        key_check(key)
        try:
            self._ask("delete_object", Key=key)
        except StoreRefusedError as answer:
            if not answer.absent:
                raise

    def keys(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield keys in order, 1,000 per request; see BlobStore."""
        page: Mapping[str, Any] = {"NextContinuationToken": None}
        where = {"Prefix": prefix, "MaxKeys": PAGE_KEYS}
        if after:
            where["StartAfter"] = after
        while "NextContinuationToken" in page:
            token = page["NextContinuationToken"]
            more = {"ContinuationToken": token} if token else {}
            page = self._ask("list_objects_v2", **where, **more)
            if "IsTruncated" not in page:
                raise self._silent("what answers a listing is not S3")
            keys = (item["Key"] for item in page.get("Contents", ()))
            yield from (key for key in keys if key > after and key_valid(key))

    # What only a store on the network has

    def public_url(self, key: str) -> str:
        """Return where anybody would find a blob if the bucket were not private."""
        scheme, _, host = self.address.endpoint.partition("://")
        if self.address.path_style:
            return f"{scheme}://{host}/{self.address.bucket}/{key}"
        return f"{scheme}://{self.address.bucket}.{host}/{key}"

    def clock(self) -> float | None:
        """Return the store's clock, seconds since 1970; None when it shows none.

        Raises:
            ShardUnavailableError: It does not answer.
        """
        answer = self._ask("head_bucket")
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(date).timestamp() if date else None

    # One request each

    def _connect(self) -> "S3Client":
        access_key, secret_key = self._credentials
        session, lock = _session.get()
        with lock:
            client = session.client(
                "s3",
                endpoint_url=self.address.endpoint,
                region_name=self.address.region,
                aws_access_key_id=access_key,
                aws_secret_access_key=secret_key,
                config=self._config,
            )
        client.meta.events.register("before-call.s3", _stay)
        client.meta.events.register_first("before-call.s3.PutObject", _send_at_once)
        return client

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        call = getattr(self._client.get(), operation)
        try:
            answer: dict[str, Any] = call(Bucket=self.address.bucket, **arguments)
        except ClientError as error:
            told = error.response.get("Error", {})
            raise refusal(
                self.name,
                code=str(told.get("Code", "")),
                status=error.response["ResponseMetadata"].get("HTTPStatusCode", 0),
                message=str(told.get("Message", "")),
            ) from error
        except BotoCoreError as error:
            raise self._silent(error) from error
        return answer

    def _get(self, key: str, start: int, end: int | None) -> tuple[OpenBlob | None, Any]:
        """Return the blob and the body to close, where there is one."""
        if end is not None and end <= start:
            return self._nothing_of(key), None
        whole = start == 0 and end is None
        span = {} if whole else {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        try:
            answer = self._ask("get_object", Key=key, **span)
        except StoreRefusedError as error:
            if error.absent:
                return None, None
            if error.past_end:
                return self._nothing_of(key), None
            raise
        if not whole and "ContentRange" not in answer:
            raise self._silent("the store ignores ranges")
        return OpenBlob(_stat(answer), self._chunks(answer["Body"])), answer["Body"]

    def _nothing_of(self, key: str) -> OpenBlob | None:
        found = self.stat(key)
        return OpenBlob(found, iter(())) if found else None

    def _stat_by_get(self, key: str) -> BlobStat | None:
        """Ask again in a way whose refusal has a body: a HEAD hides which part is missing."""
        try:
            answer = self._ask("get_object", Key=key)
        except StoreRefusedError as error:
            if error.absent:
                return None
            raise
        answer["Body"].close()
        return _stat(answer)

    def _put(self, key: str, source: Source, *, label: Label) -> None:
        checksum = self._checksum(source, label.digest)
        with source_open(source) as body:
            try:
                self._ask(
                    "put_object",
                    Key=key,
                    Body=body,
                    ContentLength=source_size(source),
                    ContentType=label.content_type,
                    Metadata=label_dump(label),
                    **checksum,
                )
            except StoreRefusedError as answer:
                if answer.wrong_bytes:
                    _compare(source, label.digest, key=key)
                raise

    def _chunks(self, body: Any) -> Iterator[bytes]:
        try:
            yield from body.iter_chunks(CHUNK_BYTES)
        except Exception as error:  # what the layers below botocore raise is not all wrapped
            raise self._silent(error) from error

    def _silent(self, why: object) -> ShardUnavailableError:
        return ShardUnavailableError(f"Shard {self.name!r}: {why}", shard=self.name)

    # How sure a PUT is

    @property
    def _sends_sha256(self) -> bool:
        return self.address.checksum == "when_supported"

    def _checksum(self, source: Source, digest: str) -> dict[str, str]:
        """Return what makes a store compare the bytes, in the way this one may know."""
        if self._sends_sha256:
            return {"ChecksumSHA256": _base64(bytes.fromhex(digest.partition(":")[2]))}
        # MD5 is what such stores compare; it guards the way, the label's digest the bytes.
        md5 = source_hash(source, hashlib.md5(usedforsecurity=False))
        return {"ContentMD5": _base64(md5)}

    def _try_wrong_checksum(self) -> bool:
        """Return whether the store refuses bytes that do not fit their checksum."""
        key = f"{PROBE_PREFIX}checksum-{secrets.token_hex(8)}"
        wrong = self._checksum(b"wrong", f"sha256:{hashlib.sha256(b'wrong').hexdigest()}")
        try:
            self._ask("put_object", Key=key, Body=b"right", **wrong)
        except StoreRefusedError as answer:
            if answer.wrong_bytes:
                return True
            raise
        self.delete(key)
        return False

    def _read_back(self, key: str) -> None:
        """Compare what lies on the shard with the label beside it, ours or a later writer's."""
        with self.open(key) as blob:
            digest = hashlib.sha256()
            for chunk in blob.chunks if blob else ():
                digest.update(chunk)
        if blob is None:
            raise self._silent(f"{key} was gone as soon as it was put")
        label = blob.stat.label
        if label is None or label.digest != f"sha256:{digest.hexdigest()}":
            self.delete(key)
            raise self._silent(f"{key} came back with other bytes than were sent")


def _stay(context: dict[str, Any], **_: object) -> None:
    """Keep botocore from following a redirect: the topology says where a shard is.

    Without this it asks the store for its region, and asks again when that is refused too,
    until the stack is full.
    """
    context.setdefault("s3_redirect", {})["redirected"] = True


def _send_at_once(params: dict[str, Any], **_: object) -> None:
    """Give a small body as bytes: of what can be read botocore asks first, and sends pieces."""
    body = params["body"]
    if isinstance(body, BytesIO) and body.getbuffer().nbytes <= AT_ONCE_BYTES:
        params["body"] = body.getvalue()


def _compare(source: Source, wanted: str, *, key: str) -> None:
    found = source_digest(source)
    if found != wanted:
        raise DigestMismatchError(key=key, wanted=wanted, found=found)


def _stat(answer: Mapping[str, Any]) -> BlobStat:
    span = answer.get("ContentRange")
    size = int(span.rpartition("/")[2]) if span else answer["ContentLength"]
    metadata = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
    return BlobStat(size, answer["LastModified"].timestamp(), label_load(metadata))


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
