"""How often each call asks the index: the same for one image and for a hundred."""

import asyncio

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_picture, make_user
from tests.integration.api_caller import EVERYTHING, IMAGES, Caller
from tests.integration.page_rows import make_rows, signed_in
from webapp.accounts import recent
from webapp.accounts.services import token_make
from webapp.images.services import journal_publish
from webapp.uploads import admission
from webapp.uploads.receiver import Receiver

TOKEN, KNOWN, COMMIT = 1, 1, 1


def asked_by_upload(owner, statements, monkeypatch, *, with_key=False):
    """Upload twice; return what the second one asked, when token and topology were seen."""
    monkeypatch.setattr(admission, "LOOK_SECONDS", 3600)  # one of all uploads looks, now and then
    _, secret = token_make(user=owner, name="test", scopes=EVERYTHING)
    headers = {"Authorization": f"Bearer {secret}"}

    async def upload(client, key):
        statements.clear()
        more = {"Idempotency-Key": key} if with_key else {}
        answer = await client.post(IMAGES, content=make_picture(), headers=headers | more)
        assert answer.status_code == 201, answer.text

    async def upload_twice():
        transport = httpx.ASGITransport(app=Receiver(other=None))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            await upload(client, "first")
            await upload(client, "second")

    asyncio.run(upload_twice())
    return list(statements)


@pytest.mark.parametrize("with_key", [False, True])
def test_an_upload_is_two_looks_and_one_statement_on_postgresql(
    postgresql, shards, receiver_thread, statements, monkeypatch, with_key
):
    owner = make_user()
    owner.quota_images = 100
    owner.save()
    asked = asked_by_upload(owner, statements, monkeypatch, with_key=with_key)
    assert len(asked) == TOKEN + KNOWN + COMMIT, asked
    assert asked[-1].lstrip().startswith("WITH owner AS")


@pytest.mark.parametrize("index", ["sqlite"], indirect=True)
def test_an_upload_is_two_looks_and_a_short_transaction_on_sqlite(
    owner, receiver_thread, statements, monkeypatch
):
    owner.quota_images = 100
    owner.save()
    asked = asked_by_upload(owner, statements, monkeypatch)
    transaction = ["begin", "owner", "image", "messages"]
    assert len(asked) == TOKEN + KNOWN + len(transaction), asked


def test_the_token_of_a_burst_is_looked_up_once(owner, receiver_thread, statements, monkeypatch):
    monkeypatch.setattr(recent, "RECENT_SECONDS", 3600)
    asked = asked_by_upload(owner, statements, monkeypatch)
    assert not [statement for statement in asked if "accounts_token" in statement]


class Calls:
    """Everything that is counted, by name; each takes the newest of some images."""

    def __init__(self, owner):
        admin = make_user(staff=True, superuser=True)
        token, pages, staff = Caller(owner), signed_in(owner), signed_in(admin)
        token.get(IMAGES)  # notes the first use of the token, and sees the topology
        self.list = lambda _: token.get(f"{IMAGES}?limit=100")
        self.search = lambda _: token.get(f"{IMAGES}?limit=100&q=photo&album=a&state=ready")
        self.get = lambda image: token.image("GET", image)
        self.patch = lambda image: token.image("PATCH", image, body={"title": "new"})
        self.delete = lambda image: token.image("DELETE", image)
        self.me = lambda _: token.get("/api/v1/me")
        self.gallery = lambda _: pages.get("/")
        self.page = lambda image: pages.get(f"/i/{image.id}")
        self.admin = lambda _: staff.get("/admin/images/image/")


@pytest.fixture
def calls(owner, compared):
    journal_publish()  # the first of a process asks the shards, too
    return Calls(owner)


def asked_by(act, image):
    with CaptureQueriesContext(connection) as captured:
        answer = act(image)
    assert answer.status_code < 400, answer.content
    return [query["sql"] for query in captured]


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("list", 3),
        ("search", 4),  # on PostgreSQL, how far the nearest rows reach
        ("get", 3),
        ("patch", 10),
        ("delete", 30),
        ("me", 2),
        ("gallery", 4),
        ("page", 8),
        ("admin", 7),
    ],
)
def test_a_call_asks_as_often_whatever_else_there_is(calls, owner, name, most):
    counts = []
    for more in (1, 9, 90):
        rows = make_rows(owner, more, album="a")
        asked = asked_by(getattr(calls, name), rows[0])
        counts.append(len(asked))
    assert counts == [counts[0]] * 3
    assert counts[0] <= most, asked
