"""Guessing passwords: who guesses is locked out, by name and address, behind proxies, too."""

import asyncio

import httpx
import pytest

from tests.factories import make_user
from tests.integration.asgi_caller import BASE, django
from tests.integration.roles import NOBODY, Role, shown_by
from webapp.limits.address import networks_parse
from webapp.limits.counters import Counters
from webapp.limits.door import Door
from webapp.limits.rules import Rates, Rules

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"
SIGNED_IN, WRONG, LOCKED = 302, 200, 429
FORM = shown_by(Role("nobody", NOBODY), None)
GUESSER, SOMEBODY = "192.0.2.1", "192.0.2.2"

# Of the profiles: networks that are trusted, and who opens the connection.
DIRECT = pytest.param((), None, id="embedded, no proxy")
EDGE = pytest.param(("127.0.0.1",), "127.0.0.1", id="cluster, nginx on the machine")
COMPOSE = pytest.param(
    ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"), "172.18.0.5", id="compose, nginx beside"
)
profiles = pytest.mark.parametrize(("trusted", "proxy"), [DIRECT, EDGE, COMPOSE])


@pytest.fixture(autouse=True)
def guessable(settings):
    settings.AXES_FAILURE_LIMIT = 3


class Visitors:
    """Sign in from addresses, through a proxy where there is one."""

    def __init__(self, user, trusted, proxy):
        self._user, self._trusted, self._proxy = user, trusted, proxy

    def try_(self, password, *, address, forged=""):
        """Return the status of one try."""
        chain = ", ".join(filter(None, [forged, address if self._proxy else ""]))
        headers = {**FORM.headers, **({"X-Forwarded-For": chain} if chain else {})}
        form = {"username": self._user.username, "password": password}

        async def send():
            door = Door(
                django(),
                rules=Rules(Rates()),
                counters=Counters(shared_url=""),
                trusted=networks_parse(self._trusted),
                session_cookie="sessionid",
            )
            transport = httpx.ASGITransport(app=door, client=(self._proxy or address, 50000))
            async with httpx.AsyncClient(
                transport=transport, base_url=BASE, cookies=FORM.cookies
            ) as client:
                return await client.post("/login", data=form, headers=headers)

        return asyncio.run(send()).status_code


@profiles
def test_who_guesses_is_locked_out_and_nobody_else(trusted, proxy):
    visitors = Visitors(make_user(), trusted, proxy)
    tries = [visitors.try_("wrong", address=GUESSER) for _ in range(3)]
    assert tries == [WRONG, WRONG, LOCKED]
    assert visitors.try_(PASSWORD, address=GUESSER) == LOCKED
    assert visitors.try_(PASSWORD, address=SOMEBODY) == SIGNED_IN


@profiles
def test_an_invented_address_does_not_let_a_guesser_go_on(trusted, proxy):
    visitors = Visitors(make_user(), trusted, proxy)
    for number in range(3):
        visitors.try_("wrong", address=GUESSER, forged=f"203.0.113.{number}")
    assert visitors.try_(PASSWORD, address=GUESSER, forged="203.0.113.9") == LOCKED
