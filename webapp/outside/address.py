"""Where a URL leads: looked up once, checked, and then kept to."""

import asyncio
import re
import socket
from ipaddress import ip_address
from typing import Final

import httpx
import structlog

from webapp.core.addresses import is_public
from webapp.core.errors import AddressRefusedError

log = structlog.get_logger(__name__)

SCHEMES: Final = {"http": 80, "https": 443}
_PORTS: Final = 2**16
_HOST: Final = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
"""A name as the network takes it, or an address; anything else is a typing error."""


def url_check(url: str) -> httpx.URL:
    """Return ``url`` taken apart.

    Raises:
        AddressRefusedError: It is not a plain http or https address.
    """
    try:
        parts = httpx.URL(url)
        _ = parts.host  # a name in the form of the network that stands for nothing raises here
    except (httpx.InvalidURL, UnicodeError) as error:
        raise AddressRefusedError(f"{url!r} is not a URL: {error}.") from None
    if parts.scheme not in SCHEMES or not _HOST.fullmatch(parts.raw_host):
        raise AddressRefusedError(f"{url!r} is not an http or https URL with a host.")
    if parts.port is not None and not 0 < parts.port < _PORTS:
        raise AddressRefusedError(f"{parts.host}: {parts.port} is not a port.")
    if parts.userinfo or parts.fragment:
        raise AddressRefusedError(f"{parts.host}: the URL holds a login or a fragment.")
    return parts


def port_of(url: httpx.URL) -> int:
    """Return the port a URL leads to, as it says or its scheme has it."""
    return url.port or SCHEMES[url.scheme]


async def addresses_of(url: httpx.URL, *, private_allowed: bool) -> list[str]:
    """Return the addresses of a URL's host, best first.

    Args:
        url: As ``url_check`` returns it.
        private_allowed: Whether addresses that are not public are fine.

    Raises:
        AddressRefusedError: One of them is not public. One is enough: whoever answers with both
            decides by chance, or on purpose, which of them is tried.
        OSError: The name cannot be resolved now; trying again may help.
    """
    found = await asyncio.get_running_loop().getaddrinfo(
        url.raw_host.decode("ascii"),
        port_of(url),
        type=socket.SOCK_STREAM,
        proto=socket.IPPROTO_TCP,
    )
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private_allowed:
        for address in addresses:
            if not is_public(ip_address(address)):
                # Which address that is, nobody outside needs to learn from us.
                log.info("address refused", host=url.host, address=address)
                raise AddressRefusedError(f"{url.host} has an address that is not public.")
    return addresses
