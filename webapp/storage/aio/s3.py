"""S3Reader: a bucket read with obstore, a tenth of the processor time of boto3.

An obstore client used before a fork hangs the child, so it is made at the first read. Label
and bytes come with one request.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from webapp.core.errors import ShardUnavailableError
from webapp.core.label import Label, label_dump, label_load
from webapp.storage.address import S3Address
from webapp.storage.aio.base import STREAM_BYTES, WHOLE_BYTES, AsyncBlob, HeldChunks, Warm
from webapp.storage.base import BlobStat
from webapp.storage.blob_keys import key_check

# obstore's limit of a request covers it up to the last byte of its body, which a slow client
# may take minutes for; the limits that count are per wait, and obstore keeps those itself. A
# time-out of asyncio around each would cost as much as the rest of this page.
_WHOLE_REQUEST: Final = timedelta(hours=6)
_NO_SUCH_KEY: Final = "<Code>NoSuchKey</Code>"
_RANGE: Final = "416 Range Not Satisfiable"


class S3Reader:
    """One bucket.

    Args:
        name: Of the shard.
        address: Where it is and how it wants to be asked.
        credentials: Access key and secret key; None asks without a signature.
        connect_seconds: Time-out of a connection.
        read_seconds: Time-out of each wait for the store.
    """

    def __init__(
        self,
        name: str,
        address: S3Address,
        *,
        credentials: tuple[str, str] | None,
        connect_seconds: float,
        read_seconds: float,
    ) -> None:
        self.name = name
        self._address = address
        self._credentials = credentials
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._client: S3Store | None = None

    async def open(
        self, key: str, *, start: int = 0, end: int | None = None, streamed: bool = False
    ) -> AsyncBlob | None:
        """Open a range of a blob; see AsyncBlobReader."""
        key_check(key)
        if end is not None and end <= start:
            return await self._open_nothing(key)
        try:
            result = await obstore.get_async(self._store(), key, options=_options(start, end))
        except FileNotFoundError as error:
            if _NO_SUCH_KEY in str(error):
                return None
            # A missing bucket, or a stranger at the address, is no answer about the blob.
            raise ShardUnavailableError(shard=self.name, answer=str(error)[:300]) from None
        except BaseError as error:
            if _RANGE in str(error):
                return await self._open_nothing(key)
            raise self._unavailable(error) from None
        return AsyncBlob(_stat(result), _ResultChunks(self, result, streamed=streamed))

    def open_warm(self, key: str) -> Warm | None:  # noqa: ARG002 - as every reader has it
        """Return None: whatever comes over a network takes waiting."""
        return None

    async def put(self, key: str, data: bytes, *, label: Label) -> None:
        """Write a small blob; see AsyncBlobReader. What arrives is what the signature covers."""
        key_check(key)
        about = {**label_dump(label), "Content-Type": label.content_type}
        try:
            await obstore.put_async(self._store(), key, data, attributes=about, use_multipart=False)
        except (BaseError, FileNotFoundError) as error:
            raise self._unavailable(error) from None

    async def aclose(self) -> None:
        """Forget the client; its connections end with it."""
        self._client = None

    async def _open_nothing(self, key: str) -> AsyncBlob | None:
        """Open an empty range: S3 has none, so ask for the blob and read nothing of it."""
        blob = await self.open(key)
        if blob is None:
            return None
        await blob.aclose()
        return AsyncBlob(blob.stat, HeldChunks(b""))

    def _store(self) -> S3Store:
        if self._client is None:
            self._client = self._store_make()
        return self._client

    def _store_make(self) -> S3Store:
        access_key, secret_key = self._credentials or ("", "")
        address = self._address
        return S3Store(
            address.bucket,
            endpoint=_endpoint(address),
            region=address.region,
            virtual_hosted_style_request=not address.path_style,
            access_key_id=access_key,
            secret_access_key=secret_key,
            skip_signature=self._credentials is None,
            client_options={
                "allow_http": address.endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=self._connect_seconds),
                "read_timeout": timedelta(seconds=self._read_seconds),
                "timeout": _WHOLE_REQUEST,
            },
            # Another copy is quicker than another try.
            retry_config={"max_retries": 0},
        )

    def _unavailable(self, error: Exception) -> ShardUnavailableError:
        return ShardUnavailableError(shard=self.name, answer=str(error)[:300])


class _ResultChunks:
    """The body of one answer, whole or as it arrives."""

    def __init__(self, reader: S3Reader, result: Any, *, streamed: bool) -> None:
        self._reader = reader
        self._result = result
        start, end = result.range
        self._streamed = streamed or end - start > WHOLE_BYTES
        self._stream: Any = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._result is None:
            raise StopAsyncIteration
        try:
            if self._streamed:
                return await self._next()
            result, self._result = self._result, None
            return bytes(await result.bytes_async())
        except BaseError as error:
            await self.aclose()
            raise self._reader._unavailable(error) from None  # noqa: SLF001 - one page
        except (StopAsyncIteration, ShardUnavailableError):
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Drop the answer; a connection with bytes left on it is closed by that."""
        self._result = self._stream = None

    async def _next(self) -> bytes:
        if self._stream is None:
            self._stream = self._result.stream(min_chunk_size=STREAM_BYTES)
        chunk: bytes = await anext(self._stream)
        return chunk


def _options(start: int, end: int | None) -> Any:
    if end is not None:
        return {"range": (start, end)}
    return {"range": {"offset": start}} if start else None


def _stat(result: Any) -> BlobStat:
    meta = result.meta
    return BlobStat(meta["size"], meta["last_modified"].timestamp(), label_load(result.attributes))


def _endpoint(address: S3Address) -> str:
    """Return the endpoint as obstore wants it: with the bucket's name in host style."""
    if address.path_style:
        return address.endpoint
    scheme, _, host = address.endpoint.partition("://")
    return f"{scheme}://{address.bucket}.{host}"
