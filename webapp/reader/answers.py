"""Answers: what goes back for a request, as values."""

from dataclasses import dataclass
from typing import Final

from webapp.core.errors import ShoeboxError
from webapp.core.problem import problem
from webapp.reader.stream import BlobStream

Headers = list[tuple[bytes, bytes]]
NO_CACHE: Final = "-"

# On everything this origin says, errors included: it shows what strangers uploaded.
SAFE: Final[Headers] = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-allow-origin", b"*"),
]
NO_STORE: Final = (b"cache-control", b"no-store")


@dataclass(slots=True, eq=False)
class Answer:
    """One answer. Shared between requests when nothing in it is about one request.

    Args:
        status: HTTP status.
        headers: As they are sent.
        body: Whole; empty when it is streamed.
        stream: Bytes that come from a shard while they are sent; closed by the sender.
        cache: Where the bytes came from: ``memory``, ``shard``, or ``-``.
        shard: Which one; empty for none.
    """

    status: int
    headers: Headers
    body: bytes = b""
    stream: BlobStream | None = None
    cache: str = NO_CACHE
    shard: str = ""

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return self.stream.size if self.stream else len(self.body)


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
