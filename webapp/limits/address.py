"""Who is calling: the address of the client, also behind proxies we trust."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_SITE_BITS: Final = 64
"""One customer of a provider has at least so much of IPv6 to call from."""


def networks_parse(words: Iterable[str]) -> tuple[Network, ...]:
    """Return networks; an address alone is a network of one.

    Raises:
        ValueError: Not a network, or one with bits beyond its mask; names it.
    """
    return tuple(ip_network(word) for word in words)


def client_address(*, peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Return the address a request comes from.

    The chain is followed from our end for as long as those who vouch for it are trusted.
    What a client writes into the header itself is never reached: it stands before its own
    address, which the first trusted proxy added.

    Args:
        peer: Who opened the connection; may be empty.
        forwarded: ``X-Forwarded-For``, all lines of it joined by commas.
        trusted: Networks of our proxies.
    """
    address = peer
    for word in reversed(forwarded.split(",")):
        if not _is_in(address, trusted):
            break
        hop = _parse(word.strip())
        if hop is None:
            break
        address = str(hop)
    return address


def address_key(address: str) -> str:
    """Return what one caller is counted under: an IPv4 address, or an IPv6 network of /64."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, _SITE_BITS), strict=False))
    return str(parsed) if parsed else address


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in networks)


@lru_cache(maxsize=4096)
def _parse(word: str) -> Address | None:
    try:
        parsed = ip_address(word)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
