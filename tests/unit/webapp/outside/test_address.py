import asyncio

import pytest

from webapp.core.errors import AddressRefusedError
from webapp.outside.address import addresses_of, url_check


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/hook",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http:///no-host",
        "http://[/picture.jpg",
        "http://exa mple.org/",
        "http://user:word@example.org/",
        "https://example.org/#part",
        "http://example.org:99999/",
        "http://exa mple\x00.org/",
        "http://xn--a:81/",
        "https://a@xn--/",
        "http://xn--zz--:8080/x.jpg",
    ],
)
def test_url_that_is_no_plain_web_address_is_refused(url):
    with pytest.raises(AddressRefusedError):
        url_check(url)


@pytest.fixture
def names(monkeypatch):
    """Answers of a name server, by name."""
    known = {}

    async def getaddrinfo(_loop, host, port, **_how):
        return [(0, 0, 0, "", (found, port)) for found in known[host]]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known


def look_up(url, *, private_allowed=False):
    return addresses_of(url_check(url), private_allowed=private_allowed)


async def test_addresses_come_in_the_order_of_the_name_server(names):
    names["example.org"] = ["2001:4860:4860::8888", "8.8.8.8"]

    assert await look_up("https://example.org/x") == ["2001:4860:4860::8888", "8.8.8.8"]


async def test_one_private_address_among_public_ones_is_enough_to_refuse(names):
    names["example.org"] = ["8.8.8.8", "10.0.0.1"]

    with pytest.raises(AddressRefusedError, match=r"example\.org has an address"):
        await look_up("https://example.org/x")


async def test_private_address_is_fine_where_the_operator_says_so(names):
    names["build.internal"] = ["10.0.0.1"]

    assert await look_up("http://build.internal/", private_allowed=True) == ["10.0.0.1"]
