"""Answers: what goes back for a request, as values."""

from collections.abc import MutableMapping
from typing import Any, Final

from webapp.core.errors import ShoeboxError
from webapp.core.problem import problem
from webapp.reader.stream import BlobStream

Headers = list[tuple[bytes, bytes]]
Message = MutableMapping[str, Any]
NO_CACHE: Final = "-"

# On everything this origin says, errors included: it shows what strangers uploaded.
SAFE: Final[Headers] = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-allow-origin", b"*"),
]
NO_STORE: Final = (b"cache-control", b"no-store")


class Answer:
    """One answer. Shared between requests when nothing in it is about one request.

    The messages for the server are made here once, not at every request.

    Args:
        status: HTTP status.
        headers: As they are sent.
        body: Whole, or a part of what is in memory; empty when it is streamed.
        stream: Bytes that come from a shard while they are sent; closed by the sender.
        cache: Where the bytes came from: ``memory``, ``shared``, ``shard``, or ``-``.
        shard: Which one; empty for none.
    """

    __slots__ = ("body", "cache", "finish", "logged", "shard", "size", "start", "status", "stream")

    def __init__(
        self,
        status: int,
        headers: Headers,
        body: bytes | memoryview = b"",
        *,
        stream: BlobStream | None = None,
        cache: str = NO_CACHE,
        shard: str = "",
    ) -> None:
        self.status = status
        self.body = body
        self.stream = stream
        self.size = stream.size if stream else len(body)
        self.cache = cache
        self.shard = shard
        self.logged = ""
        """What the access log writes of it; filled there when the answer is shared."""
        self.start: Message = {
            "type": "http.response.start",
            "status": status,
            "headers": headers,
        }
        self.finish: Message = {"type": "http.response.body", "body": body, "more_body": False}

    @property
    def headers(self) -> Headers:
        """As they are sent."""
        headers: Headers = self.start["headers"]
        return headers


def error_answer(error: ShoeboxError, *extra: tuple[bytes, bytes]) -> Answer:
    """Return the problem document for an error; never stored by any cache."""
    said = problem(error)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in said.headers.items()]
    return Answer(said.status, [*headers, *SAFE, *extra], said.body)


def text_answer(status: int, content_type: str, body: bytes) -> Answer:
    """Return a small answer of the service about itself."""
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        NO_STORE,
        *SAFE,
    ]
    return Answer(status, headers, body)
