"""Sizes on demand: what was made once is read like any rendition; the rest is asked for.

Another process makes them, so that pixels never run beside reads. It stores what it makes, and this
one reads it from the shards like everything else: no bytes come from there, only a word.
"""

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from webapp.core.errors import (
    BusyError,
    DeletedError,
    NotDecodableError,
    NotFoundError,
    ShardsUnavailableError,
    ShoeboxError,
    TooCostlyError,
    TooManyPixelsError,
    TruncatedError,
)
from webapp.core.signing import Keyring, link_sign
from webapp.reader.names import Name
from webapp.reader.source import BlobSource, Found

if TYPE_CHECKING:
    import httpx

SIGNED_FOR_SECONDS: Final = 60
CONNECTIONS: Final = 256
_ANSWERS: Final = (
    BusyError,
    DeletedError,
    NotDecodableError,
    NotFoundError,
    ShardsUnavailableError,
    TooCostlyError,
    TooManyPixelsError,
    TruncatedError,
)
_BY_CODE: Final[Mapping[str, type[ShoeboxError]]] = MappingProxyType(
    {error.code: error for error in _ANSWERS}
)


class OnDemand:
    """Finds sizes on demand, and has those made that are not there.

    Args:
        source: Finds blobs.
        url: Base of the process that makes them; empty where there is none.
        keyring: Signs what is asked of it, as links are signed.
        seconds: It is waited for no longer than this; it goes on all the same.
        clock: Seconds since 1970; tests bring their own.
    """

    def __init__(
        self,
        source: BlobSource,
        *,
        url: str,
        keyring: Keyring,
        seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._url = url
        self._keyring = keyring
        self._seconds = seconds
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self.away = False
        """Whether the process that makes them could not be reached the last time."""

    async def find(self, name: Name) -> Found:
        """Return a size that was asked for by a link whose signature is good.

        Raises:
            NotFoundError: There is no such image, or nobody here makes sizes.
            DeletedError: It was deleted while its size was made.
            CallerError: The picture cannot be made into anything.
            RetryError: Nobody can tell, or it is not made yet.
        """
        try:
            return await self._source.find(name.image_id, name.key)
        except (NotFoundError, ShardsUnavailableError) as error:
            if not self._url:
                raise _nobody(name, error) from None
        # Everybody who asks for it meanwhile waits for the same answer.
        return await self._source.flights.join(f"made {name.key}", lambda: self._made(name))

    async def aclose(self) -> None:
        """Close the connections to the process that makes them."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _made(self, name: Name) -> Found:
        await self._ask(name)
        return await self._source.find(name.image_id, name.key)

    async def _ask(self, name: Name) -> None:
        """Return once it is stored."""
        import httpx  # noqa: PLC0415 - takes a tenth of a second; most readers never need it

        if self._client is None:
            limits = httpx.Limits(max_connections=CONNECTIONS)
            self._client = httpx.AsyncClient(base_url=self._url, limits=limits, trust_env=False)
        exp = int(self._clock()) + SIGNED_FOR_SECONDS
        sig = link_sign(name.path, exp=exp, keyring=self._keyring)
        try:
            answer = await self._client.post(
                name.path, params={"exp": str(exp), "sig": sig}, timeout=self._seconds
            )
        except httpx.TimeoutException:
            raise BusyError("This size is being made and is not there yet.", id=name.id) from None
        except httpx.HTTPError:
            self.away = True
            raise BusyError("Nobody makes sizes at the moment.", id=name.id) from None
        self.away = False
        if answer.status_code != HTTPStatus.NO_CONTENT:
            raise _refusal(name, answer.content, answer.headers.get("retry-after", ""))


def _nobody(name: Name, error: ShoeboxError) -> ShoeboxError:
    if isinstance(error, ShardsUnavailableError):
        return error
    return NotFoundError("This size was not made, and none are made on demand here.", id=name.id)


def _refusal(name: Name, body: bytes, retry_after: str) -> ShoeboxError:
    """Return what was said as an error of this process; nothing unknown is passed on."""
    try:
        said = json.loads(body)
        kind, detail = _BY_CODE[said["code"]], str(said["detail"])
    except (ValueError, LookupError, TypeError):
        return BusyError("This size could not be made; the reason is in a log.", id=name.id)
    seconds = {"retry_after": int(retry_after)} if retry_after.isdecimal() else {}
    return kind(detail, id=name.id, **seconds)
