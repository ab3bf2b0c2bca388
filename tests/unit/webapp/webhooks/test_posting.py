"""What is sent where; the network is the only thing that is not real."""

import asyncio

import httpx
import pytest

from webapp.webhooks import posting
from webapp.webhooks.posting import post

PUBLIC = "8.8.8.8"
URL = "https://hooks.example.org:8443/in?a=b"


@pytest.fixture
def resolved(monkeypatch):
    """Let every name be the addresses in this list."""
    addresses = [PUBLIC]

    async def getaddrinfo(_loop, _host, port, **_how):
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return addresses


async def send(receive, *, url=URL, private_allowed=False):
    async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as client:
        return await post(
            client, url, b"{}", headers={"X-Test": "1"}, private_allowed=private_allowed
        )


async def test_connection_goes_to_the_address_that_was_checked(resolved):
    seen = []
    await send(lambda request: seen.append(request) or httpx.Response(204))

    assert seen[0].url == f"https://{PUBLIC}:8443/in?a=b"
    assert seen[0].headers["Host"] == "hooks.example.org:8443"
    assert seen[0].extensions["sni_hostname"] == "hooks.example.org"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_has_arrived(resolved, status):
    assert (await send(lambda _: httpx.Response(status))).arrived


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 410, 429, 500, 503])
async def test_everything_else_has_not_and_no_redirect_is_followed(resolved, status):
    calls = []

    def receive(request):
        calls.append(request)
        return httpx.Response(status, headers={"Location": "http://8.8.4.4/"})

    answer = await send(receive)
    assert (answer.status, answer.error, len(calls)) == (status, f"answered {status}", 1)


async def test_nothing_is_sent_to_an_address_that_is_not_public(resolved):
    resolved[:] = ["169.254.169.254"]
    answer = await send(lambda _: pytest.fail("was sent"))

    assert answer.error == "hooks.example.org has an address that is not public."


async def test_next_address_is_tried_when_one_takes_no_connection(resolved):
    resolved[:] = ["8.8.8.8", "8.8.4.4"]

    def receive(request):
        if request.url.host == "8.8.8.8":
            raise httpx.ConnectError("refused")
        return httpx.Response(200)

    assert (await send(receive)).arrived


async def test_receiver_that_does_not_answer_is_given_up(resolved, monkeypatch):
    monkeypatch.setattr(posting, "POST_SECONDS", 0.01)

    async def receive(_request):
        await asyncio.Event().wait()

    assert (await send(receive)).error == "no answer within 0 s"
