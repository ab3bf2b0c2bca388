from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.addresses import is_public

NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - refused, not listened on
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "100.64.0.1",
    "100.100.100.200",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff0e::1",
    "2001:db8::1",
    "3fff::1",
]
# Stand for an IPv4 address, be it a public one: mapped, NAT64 (both), 6to4, Teredo.
STANDS_FOR_OTHERS = [
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::808:808",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:808:808::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]
SPECIAL = [
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "224.0.0.0/3",
    )
]


@pytest.mark.parametrize("text", NOT_PUBLIC + STANDS_FOR_OTHERS)
def test_address_that_not_everybody_means_the_same_by_is_not_public(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "2a00:1450::1"])
def test_address_of_the_internet_is_public(text):
    assert is_public(ip_address(text))


@given(network=st.sampled_from(SPECIAL), place=st.integers(min_value=0))
def test_no_address_of_a_special_network_is_public(network, place):
    assert not is_public(network[place % network.num_addresses])


@given(number=st.integers(0, 2**32 - 1))
def test_no_ipv6_address_that_only_stands_for_ipv4_is_public(number):
    mapped = IPv6Address(f"::ffff:{IPv4Address(number)}")
    compatible = IPv6Address(number)
    nat64 = IPv6Network("64:ff9b::/96")[number]
    six_to_four = IPv6Address((0x2002 << 112) | (number << 80))
    assert not any(map(is_public, (mapped, compatible, nat64, six_to_four)))


@given(number=st.integers(0, 2**128 - 1))
def test_ipv6_address_is_public_only_within_global_unicast(number):
    address = IPv6Address(number)
    assert not is_public(address) or address in IPv6Network("2000::/3")
