"""Which addresses everybody on the internet means the same machine by.

Whoever lets others name an address to connect to could be pointed at what only this machine
or its network can reach: its own services, those of its neighbours, the cloud's metadata.

Source: IANA IPv6 global unicast (2000::/3); the special-purpose registries of RFC 6890, as
``ipaddress`` has them.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
# What ``ipaddress`` takes for global, or does in some of the Pythons this runs on.
_NOT_V4: Final = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments; the metadata of one cloud
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv4Network("168.63.129.16/32"),  # what one cloud answers itself, on every machine there
)
_NOT_V6: Final = (
    IPv6Network("2001::/32"),  # Teredo
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("3fff::/20"),  # documentation
)


def is_public(address: Address) -> bool:
    """Return whether everybody on the internet means the same machine by ``address``.

    Never true for loopback, private, link-local, shared (carrier) and reserved addresses,
    multicast and metadata services. Nor for an IPv6 address that only stands for an IPv4
    address (mapped, NAT64, 6to4, Teredo): who is meant is then decided on the way.
    """
    if isinstance(address, IPv4Address):
        other = address.is_multicast or any(address in network for network in _NOT_V4)
    else:
        outside = address not in _GLOBAL_UNICAST
        other = outside or any(address in network for network in _NOT_V6)
    return address.is_global and not other
