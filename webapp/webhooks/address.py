"""Where a webhook may go: public addresses only, looked up once and then kept to.

A webhook makes this service open connections to wherever its URL says. Without this it could be
pointed at what only this machine or its network can reach.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

SCHEMES = {"http": 80, "https": 443}
_PORTS = 2**16
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class AddressRefusedError(ValueError):
    """A URL leads, or may lead, to where webhooks must not go; the message says why."""


def url_check(url: str) -> httpx.URL:
    """Return ``url`` taken apart.

    Raises:
        AddressRefusedError: It is not a plain http or https address.
    """
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise AddressRefusedError(f"{url!r} is not a URL: {error}") from None
    if parts.scheme not in SCHEMES or not parts.host:
        raise AddressRefusedError(f"{url!r} is not an http or https URL with a host")
    if parts.port is not None and not 0 < parts.port < _PORTS:
        raise AddressRefusedError(f"{parts.host}: {parts.port} is not a port")
    if parts.userinfo or parts.fragment:
        raise AddressRefusedError(f"{parts.host}: the URL holds a login or a fragment")
    return parts


def is_public(address: Address) -> bool:
    """Return whether everybody on the internet means the same machine by ``address``.

    An IPv6 address that stands for an IPv4 address is judged as that one.
    """
    inner = _ipv4_within(address)
    judged = address if inner is None else inner
    return judged.is_global and not judged.is_multicast


def _ipv4_within(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo


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
    port = url.port or SCHEMES[url.scheme]
    found = await asyncio.get_running_loop().getaddrinfo(
        url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private_allowed:
        for address in addresses:
            if not is_public(ip_address(address)):
                raise AddressRefusedError(f"{url.host} is {address}, which is not public")
    return addresses
