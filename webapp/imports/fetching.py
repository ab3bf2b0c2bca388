"""One attempt to fetch what a link names, without being led to where nobody should go.

Every address is looked up once, checked and then kept to, also that of every redirect. The
bytes go on as they arrive; what they are is nothing to this module.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import httpx

from webapp.core.errors import AddressRefusedError, FetchFailedError, NotFetchedError
from webapp.core.ports import Ports
from webapp.core.text import clean_filename
from webapp.imports.spooling import SpoolFile
from webapp.outside.address import addresses_of, port_of, url_check
from webapp.outside.pinned import client_make, pinned_send

MOST_REDIRECTS: Final = 5
TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
"""Of a connection; and of the first byte of an answer, as of each one after it."""
_LATER: Final = frozenset({408, 425, 429})
_SERVER_ERROR: Final = 500
_HEADERS: Final = {
    "Accept": "image/*",
    # What comes is counted, hashed and kept as it is; nothing is ever inflated.
    "Accept-Encoding": "identity",
    "User-Agent": "Shoebox",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchRules:
    """What a link may lead to, and how long that may take.

    Args:
        ports: Those it may name.
        private_allowed: Whether addresses that are not public are fine.
        seconds: From the first look-up to the last byte.
    """

    ports: Ports
    private_allowed: bool
    seconds: float


def link_check(url: str, *, ports: Ports) -> httpx.URL:
    """Return a link taken apart, nothing looked up yet.

    Raises:
        AddressRefusedError: Not a plain http or https address, or another port.
    """
    parts = url_check(url)
    if port_of(parts) not in ports:
        raise AddressRefusedError(
            f"{parts.host}: port {port_of(parts)} is not one of those allowed ({ports})."
        )
    return parts


async def fetch(url: str, spool: SpoolFile, *, rules: FetchRules) -> str:
    """Give what ``url`` names to ``spool``; return the file name the link ends in.

    Args:
        url: http or https.
        spool: Gets the bytes; says when they are too many.
        rules: What is allowed.

    Raises:
        AddressRefusedError: It, or a redirect, leads to where it must not.
        NotFetchedError: It was answered, and not with what can be a picture.
        FetchFailedError: No answer, or not to its end, in time; trying again may help.
        TooLargeError, BusyError: As ``spool`` raises them.
    """
    try:
        async with asyncio.timeout(rules.seconds):
            return await _follow(url, spool, rules)
    except TimeoutError:
        raise FetchFailedError(f"It was not there within {rules.seconds:.0f} seconds.") from None
    except httpx.ConnectError as error:
        raise _unconnected(error) from error
    except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchFailedError(_words_of(error)) from error


def _words_of(error: Exception) -> str:
    return f"No whole answer came: {str(error) or type(error).__name__}."


async def _follow(url: str, spool: SpoolFile, rules: FetchRules) -> str:
    for _ in range(MOST_REDIRECTS + 1):
        parts = link_check(url, ports=rules.ports)
        addresses = await _addresses(parts, rules)
        async with client_make(timeout=TIMEOUT) as client:
            answer = await pinned_send(client, "GET", parts, addresses, headers=_HEADERS)
            try:
                if not answer.has_redirect_location:
                    await _take(answer, parts.host, spool)
                    return clean_filename(PurePosixPath(parts.path).name)
            finally:
                await answer.aclose()
        url = _redirected(parts, answer.headers["Location"])
    raise NotFetchedError(f"It leads on more than {MOST_REDIRECTS} times.")


async def _addresses(parts: httpx.URL, rules: FetchRules) -> list[str]:
    try:
        return await addresses_of(parts, private_allowed=rules.private_allowed)
    # A name that cannot be one is a UnicodeError of the codec that would encode it.
    except (socket.gaierror, UnicodeError):
        raise FetchFailedError(f"No address of {parts.host!r} can be found.") from None


def _redirected(parts: httpx.URL, location: str) -> str:
    """Return where a redirect leads; the part of a page it may name is nothing to us."""
    try:
        return str(parts.join(location).copy_with(fragment=None))
    except (httpx.InvalidURL, ValueError) as error:
        raise NotFetchedError(f"{parts.host} leads on to no URL: {error}.") from None


async def _take(answer: httpx.Response, host: str, spool: SpoolFile) -> None:
    _check_status(answer.status_code, host)
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise NotFetchedError(f"{host} sent it encoded ({encoding[:40]}), though asked not to.")
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal():
        spool.expect(int(length))
    async for chunk in answer.aiter_raw():
        spool.take(chunk)


def _check_status(status: int, host: str) -> None:
    if status == httpx.codes.OK:
        return
    if status in _LATER or status >= _SERVER_ERROR:
        raise FetchFailedError(f"{host} answered {status}.")
    raise NotFetchedError(f"{host} answered {status}.")


def _unconnected(error: httpx.ConnectError) -> NotFetchedError | FetchFailedError:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotFetchedError(f"Its certificate is not valid: {cause.verify_message}.")
    return FetchFailedError(f"No connection: {error}.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
