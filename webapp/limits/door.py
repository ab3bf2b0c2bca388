"""The first thing a request meets: whose it is by address, and whether it is one too many.

In front of the receiver and of Django alike, on headers alone. No byte of a body is asked for
before, so a client that waits for `100 Continue` is not told to send what would be refused.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final

from django.http import parse_cookie
from prometheus_client import Counter

from webapp.core.errors import RateLimitedError, ShoeboxError
from webapp.core.problem import problem
from webapp.limits.address import Network, address_key, client_address
from webapp.limits.counters import Counters
from webapp.limits.rules import Rule, Rules

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

REFUSED = Counter(
    "shoebox_rate_limited_total", "Requests that were one too many, by limit.", ["limit"]
)
_OVERRIDE: Final = b"x-http-method-override"


class Door:
    """Lets requests in while their address and token stay under the limits.

    What passes sees the client's own address in ``scope["client"]``, not a proxy's.

    Args:
        application: Gets what is let in.
        rules: Which limits a request counts towards.
        counters: Where it is counted.
        trusted: Networks of proxies whose ``X-Forwarded-For`` is believed.
        session_cookie: Whose value stands for a token where there is none.
    """

    def __init__(
        self,
        application: Any,
        *,
        rules: Rules,
        counters: Counters,
        trusted: Sequence[Network],
        session_cookie: str,
    ) -> None:
        self._application = application
        self._rules = rules
        self._counters = counters
        self._trusted = trusted
        self._cookie = session_cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer it with 429."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = _joined(scope)
        address = self._address(scope, headers)
        try:
            await self._check(scope, headers, address)
        except RateLimitedError as error:
            await problem_send(send, error)
            return
        del headers  # a slow upload would keep them for minutes
        await self._application(_with_client(scope, address), receive, send)

    def _address(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        peer = (scope.get("client") or ("", 0))[0]
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        return client_address(peer=peer, forwarded=forwarded, trusted=self._trusted)

    async def _check(self, scope: Scope, headers: Mapping[bytes, bytes], address: str) -> None:
        override = headers.get(_OVERRIDE, b"").decode("latin-1")
        rules = self._rules.of(scope["method"], scope["path"], override=override)
        callers = {"address": address_key(address), "token": _credential(headers, self._cookie)}
        counted = [(rule, caller) for rule in rules if (caller := callers[rule.per])]
        # What a later limit refuses uses up none before it; what the first refuses counts nowhere.
        for rule, caller in counted[1:]:
            _refuse_early(rule, wait=await self._counters.wait(rule.rate, caller))
        for rule, caller in counted:
            _refuse_early(rule, wait=await self._counters.hit(rule.rate, caller))


def _refuse_early(rule: Rule, *, wait: int) -> None:
    if wait:
        REFUSED.labels(rule.name).inc()
        raise RateLimitedError(
            f"More than {rule.rate} from this {rule.per}; try again in {wait} s.",
            limit=rule.name,
            rate=str(rule.rate),
            retry_after=wait,
        )


async def problem_send(send: Send, error: ShoeboxError) -> None:
    """Answer a request with what went wrong; its body is never read."""
    said = problem(error)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in said.headers.items()]
    await send({"type": "http.response.start", "status": said.status, "headers": headers})
    await send({"type": "http.response.body", "body": said.body})


def _joined(scope: Scope) -> dict[bytes, bytes]:
    headers: MutableMapping[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b"," + value if name in headers else value
    return dict(headers)


def _credential(headers: Mapping[bytes, bytes], session_cookie: str) -> str:
    """Return what tells one token or session from another, without being of use to a thief.

    Whether it is valid is asked later: a guesser who changes it with each request is counted
    by address.
    """
    secret = _token(headers) or _session(headers, session_cookie)
    return hashlib.sha256(secret.encode()).hexdigest() if secret else ""


def _token(headers: Mapping[bytes, bytes]) -> str:
    """Return the token as those who check it read it: written otherwise, it is the same one."""
    first = headers.get(b"authorization", b"").split(b",")[0].decode("latin-1").strip()
    return first.partition(" ")[2].strip() or first


def _session(headers: Mapping[bytes, bytes], name: str) -> str:
    # As Django reads it: other readers give up at cookies that Django steps over.
    return parse_cookie(headers.get(b"cookie", b"").decode("latin-1")).get(name, "")


def _with_client(scope: Scope, address: str) -> Scope:
    peer = scope.get("client") or ("", 0)
    return scope if peer[0] == address else {**scope, "client": (address, 0)}
