"""A request to the address that was checked, and to no other its name may have by then."""

from collections.abc import Mapping
from typing import Final

import httpx

_MOST_ADDRESSES: Final = 4


def client_make(*, timeout: httpx.Timeout | float) -> httpx.AsyncClient:
    """Return what asks: no redirects, no proxies, no connection kept between two requests.

    A connection that is kept would outlive the address it was checked for.
    """
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(
        follow_redirects=False, trust_env=False, limits=limits, timeout=timeout
    )


async def pinned_send(
    client: httpx.AsyncClient,
    method: str,
    url: httpx.URL,
    addresses: list[str],
    *,
    headers: Mapping[str, str],
    content: bytes | None = None,
) -> httpx.Response:
    """Return the answer of the first address that connects, its body not read yet: close it.

    Args:
        client: From ``client_make``.
        method: GET, POST …
        url: As ``url_check`` returns it; certificate and Host are those of its name.
        addresses: Its own, checked; the first few are tried.
        headers: Beside Host.
        content: What is sent.

    Raises:
        OSError: There is no address.
        httpx.HTTPError: None of them answered.
    """
    last: httpx.ConnectError | None = None
    for address in addresses[:_MOST_ADDRESSES]:
        try:
            return await _send_to(client, method, url, address, headers, content)
        except httpx.ConnectError as error:
            last = error
    raise last or OSError(f"{url.host} has no address")


async def _send_to(
    client: httpx.AsyncClient,
    method: str,
    url: httpx.URL,
    address: str,
    headers: Mapping[str, str],
    content: bytes | None,
) -> httpx.Response:
    request = client.build_request(
        method,
        url.copy_with(host=address),
        content=content,
        headers={**headers, "Host": url.netloc.decode("ascii")},
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )
    return await client.send(request, stream=True)
