"""One attempt: a POST to an address that was looked up and checked for it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from webapp.core.errors import AddressRefusedError
from webapp.outside.address import addresses_of, url_check
from webapp.outside.pinned import pinned_send

POST_SECONDS: Final = 10.0
_MOST_ADDRESSES = 4


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of an attempt.

    Args:
        status: HTTP status; None when there was no answer.
        error: Why it did not arrive; empty when it did.
    """

    status: int | None
    error: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the receiver has taken it."""
        return not self.error


async def post(
    client: httpx.AsyncClient,
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    private_allowed: bool,
) -> Answer:
    """Send ``body`` once and return what came of it, at most ``POST_SECONDS`` later.

    Arrived means 2xx. The body of the answer is not read. Nothing is raised for what the
    receiver, its name server or the network does.
    """
    try:
        async with asyncio.timeout(POST_SECONDS):
            parts = url_check(url)
            addresses = await addresses_of(parts, private_allowed=private_allowed)
            return await _post_to(client, parts, addresses, body, headers)
    except TimeoutError:
        return Answer(status=None, error=f"no answer within {POST_SECONDS:.0f} s")
    except AddressRefusedError as error:
        return Answer(status=None, error=str(error))
    # A name that cannot be one is a UnicodeError of the codec that would encode it.
    except (OSError, UnicodeError, httpx.HTTPError) as error:
        return Answer(status=None, error=f"{type(error).__name__}: {error}")


async def _post_to(
    client: httpx.AsyncClient,
    url: httpx.URL,
    addresses: list[str],
    body: bytes,
    headers: Mapping[str, str],
) -> Answer:
    answer = await pinned_send(client, "POST", url, addresses, headers=headers, content=body)
    await answer.aclose()
    if answer.is_success:
        return Answer(status=answer.status_code)
    return Answer(status=answer.status_code, error=f"answered {answer.status_code}")
