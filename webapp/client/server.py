"""The server, as HTTP: requests go out, answers become values or errors."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from webapp.client.errors import AgainError, RefusedError

API = "/api/v1"
IMAGES = f"{API}/images"
IMPORTS = f"{API}/imports"
TUS = f"{API}/tus/"
TUS_VERSION = "1.0.0"
TIMEOUT = httpx.Timeout(120, connect=10, pool=None)
AGAIN = frozenset({408, 423, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Me:
    """Whom a token acts for, and what it allows."""

    name: str
    scopes: frozenset[str]


class Server:
    """Speaks to one server with one token. Threads may share it.

    Args:
        url: Of the write service, without a slash at the end.
        token: Sent with every request, to that server only: redirects are not followed.
        connections: Most at a time.
        transport: None: the network. Given by tests.
    """

    def __init__(
        self,
        *,
        url: str,
        token: str,
        connections: int = 1,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "User-Agent": "shoebox"},
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=connections),
            transport=transport,
        )

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Return a successful answer.

        Raises:
            AgainError: No connection, no answer, or one that asks to come back.
            RefusedError: Any other answer.
        """
        try:
            answer = self._http.request(method, path, **request)
        except httpx.LocalProtocolError as error:
            # The length was announced, and other bytes came from the file.
            raise RefusedError(f"The request could not be sent ({error}).") from None
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise AgainError(f"{self.url} does not answer ({reason}).") from None
        if answer.is_success:
            return answer
        raise _failure(answer)

    def me(self) -> Me:
        """Return whom the token acts for. Raises as ``call`` does."""
        found = _json(self.call("GET", f"{API}/me"))
        return Me(str(found["user"]["name"]), frozenset(found["scopes"]))

    def image(self, image_id: str) -> dict[str, Any]:
        """Return an image. Raises as ``call`` does."""
        return _json(self.call("GET", f"{IMAGES}/{image_id}"))

    def store(self, **request: Any) -> dict[str, Any]:
        """Upload in one request and return the image. Raises as ``call`` does."""
        return _json(self.call("POST", IMAGES, **request))

    def import_ask(self, asked: Mapping[str, str], *, key: str) -> dict[str, Any]:
        """Ask for a picture by its link and return the import. Raises as ``call`` does."""
        headers = {"Idempotency-Key": key}
        return _json(self.call("POST", IMPORTS, json=asked, headers=headers))

    def import_read(self, import_id: str) -> dict[str, Any]:
        """Return an import. Raises as ``call`` does."""
        return _json(self.call("GET", f"{IMPORTS}/{import_id}"))

    def tus(self, method: str, path: str, **request: Any) -> httpx.Headers:
        """Return the headers of an answer about a resumable upload. Raises as ``call`` does."""
        headers = {"Tus-Resumable": TUS_VERSION, **request.pop("headers", {})}
        return self.call(method, path, headers=headers, **request).headers

    def is_resumable(self) -> bool:
        """Return whether the server takes resumable uploads.

        Raises:
            AgainError: It does not answer.
        """
        try:
            found = self.call("OPTIONS", TUS).headers
        except RefusedError:
            return False
        extensions = found.get("tus-extension", "").split(",")
        return TUS_VERSION in found.get("tus-version", "").split(",") and "creation" in extensions


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RefusedError(f"{answer.url} does not answer like a Shoebox.")
    return found


def _failure(answer: httpx.Response) -> RefusedError | AgainError:
    said = _problem(answer)
    code = str(said.get("code", ""))
    detail = str(said.get("detail") or _told(answer))
    if answer.status_code in AGAIN:
        return AgainError(detail, retry_after=_retry_after(answer.headers), code=code)
    return RefusedError(detail, status=answer.status_code, code=code)


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    """Return the members of a problem document; none when the answer is something else."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _told(answer: httpx.Response) -> str:
    if answer.is_redirect:
        return f"The server has moved to {answer.headers.get('location')}; use --server."
    try:
        words = HTTPStatus(answer.status_code).phrase
    except ValueError:
        words = "no words"
    return f"The server answered {answer.status_code} ({words})."


def _retry_after(headers: httpx.Headers) -> float:
    """Return seconds; 0 when the header is missing or says nothing (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0
