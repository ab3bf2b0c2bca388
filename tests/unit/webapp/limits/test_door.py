"""The first thing a request meets, without a server around it."""

import json

import pytest

from webapp.limits.address import networks_parse
from webapp.limits.counters import Counters
from webapp.limits.door import Door
from webapp.limits.rules import Rates, Rules

UPLOAD = "/api/v1/images"
PROXY = "10.0.0.1"


class Caller:
    """Sends requests to a door before an application that keeps what it sees."""

    def __init__(self, **rates):
        self.seen = []
        self.asked_for_body = 0
        self._door = Door(
            self._application,
            rules=Rules(Rates(**rates)),
            counters=Counters(),
            trusted=networks_parse([PROXY]),
            session_cookie="sessionid",
        )

    async def _application(self, scope, _receive, send):
        self.seen.append(scope)
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def __call__(self, path=UPLOAD, *, peer="198.51.100.1", method="POST", **headers):
        sent = []

        async def send(message):
            sent.append(message)

        async def receive():
            self.asked_for_body += 1
            return {"type": "http.request", "body": b"", "more_body": False}

        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "headers": named}
        await self._door({**scope, "client": (peer, 1)}, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]

    async def statuses(self, *calls):
        return [(await self(**call))[0] for call in calls]


async def test_one_too_many_is_told_which_limit_and_how_long_to_wait():
    caller = Caller(upload_rate_per_token="1/minute")
    await caller(authorization="Bearer a")
    status, headers, body = await caller(authorization="Bearer a")
    said = json.loads(body)
    assert (status, headers[b"content-type"]) == (429, b"application/problem+json")
    assert (said["code"], said["limit"]) == ("rate-limited", "upload_rate_per_token")
    assert said["rate"] == "1 per 1 minute"
    assert 1 <= int(headers[b"retry-after"]) <= 60


async def test_what_is_refused_is_not_asked_for_its_body():
    caller = Caller(upload_rate_per_address="1/minute")
    await caller.statuses({}, {})
    assert (len(caller.seen), caller.asked_for_body) == (1, 0)


async def test_tokens_are_counted_apart():
    caller = Caller(upload_rate_per_token="1/minute")
    tokens = [{"authorization": f"Bearer {name}"} for name in "aba"]
    assert await caller.statuses(*tokens) == [201, 201, 429]


@pytest.mark.parametrize("written", ["bearer a", "Bearer   a", "BEARER a ", "Bearer a,Bearer b"])
async def test_a_token_that_is_written_otherwise_is_the_same_token(written):
    caller = Caller(upload_rate_per_token="1/minute")
    tokens = [{"authorization": "Bearer a"}, {"authorization": written}]
    assert await caller.statuses(*tokens) == [201, 429]


@pytest.mark.parametrize("beside", ["a[b]=c d; ", "=; ", "@@; ", "x=1; "])
async def test_a_session_beside_strange_cookies_is_counted(beside):
    caller = Caller(api_rate_per_token="1/minute")
    call = {"path": "/i/p/delete", "cookie": f"{beside}sessionid=a"}
    assert await caller.statuses(call, call) == [201, 429]


async def test_a_session_is_counted_like_a_token():
    caller = Caller(api_rate_per_token="1/minute")
    calls = [{"path": "/i/p/delete", "cookie": f"x=1; sessionid={name}"} for name in "aba"]
    assert await caller.statuses(*calls) == [201, 201, 429]


async def test_who_changes_the_token_each_time_is_counted_by_address():
    caller = Caller(upload_rate_per_token="1/minute", upload_rate_per_address="2/minute")
    tokens = [{"authorization": f"Bearer {name}"} for name in "abc"]
    assert await caller.statuses(*tokens) == [201, 201, 429]


async def test_what_is_refused_for_its_token_does_not_use_up_its_address():
    caller = Caller(upload_rate_per_token="1/minute", upload_rate_per_address="2/minute")
    tokens = [{"authorization": f"Bearer {name}"} for name in "aaaab"]
    assert await caller.statuses(*tokens) == [201, 429, 429, 429, 201]


async def test_what_is_refused_for_its_address_does_not_use_up_its_token():
    caller = Caller(upload_rate_per_token="1/minute", upload_rate_per_address="1/minute")
    await caller.statuses({"authorization": "Bearer a"}, {"authorization": "Bearer b"})
    elsewhere = {"authorization": "Bearer b", "peer": "198.51.100.2"}
    assert await caller.statuses(elsewhere) == [201]


async def test_a_forged_address_does_not_help():
    caller = Caller(upload_rate_per_address="1/minute")
    calls = [{"x_forwarded_for": f"203.0.113.{last}"} for last in range(2)]
    assert await caller.statuses(*calls) == [201, 429]


async def test_a_forged_address_before_a_proxy_does_not_help():
    caller = Caller(upload_rate_per_address="1/minute")
    calls = [{"peer": PROXY, "x_forwarded_for": f"203.0.113.{n}, 198.51.100.1"} for n in range(2)]
    assert await caller.statuses(*calls) == [201, 429]


async def test_clients_behind_one_proxy_are_counted_apart():
    caller = Caller(upload_rate_per_address="1/minute")
    calls = [{"peer": PROXY, "x_forwarded_for": f"203.0.113.{last}"} for last in range(2)]
    assert await caller.statuses(*calls) == [201, 201]


async def test_what_stands_behind_sees_the_client_and_not_the_proxy():
    caller = Caller()
    await caller(peer=PROXY, x_forwarded_for="203.0.113.9")
    assert caller.seen[0]["client"][0] == "203.0.113.9"


async def test_many_small_pieces_of_one_upload_pass():
    caller = Caller(upload_rate_per_token="1/minute")
    piece = {"path": "/api/v1/tus/01", "method": "PATCH", "authorization": "Bearer a"}
    assert set(await caller.statuses(*[piece] * 40)) == {201}


@pytest.mark.parametrize("cookie", ["", "sessionid", "a=b; ;=", "\x00=\x01"])
async def test_cookies_that_make_no_sense_are_no_session(cookie):
    caller = Caller(upload_rate_per_token="1/minute")
    assert await caller.statuses({"cookie": cookie}, {"cookie": cookie}) == [201, 201]
