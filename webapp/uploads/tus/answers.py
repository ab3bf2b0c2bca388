"""What tus requests are answered with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final

from webapp.core.errors import ShoeboxError
from webapp.core.problem import problem
from webapp.uploads.body import Send
from webapp.uploads.tus.about import Look
from webapp.uploads.tus.errors import UnsupportedVersionError
from webapp.uploads.tus.headers import ALGORITHMS, EXTENSIONS, VERSION

PATH: Final = "/api/v1/tus/"
IMAGE_HEADER: Final = "x-shoebox-image"
DELETE_HEADER: Final = "x-shoebox-delete"
DUPLICATE_HEADER: Final = "x-shoebox-duplicate"
NO_CONTENT: Final = 204


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: status, headers by lower-case name without the length, body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def abilities(*, limit: int) -> Answer:
    """Return what the service can do.

    Args:
        limit: Most bytes of one upload.
    """
    return Answer(
        NO_CONTENT,
        {
            "tus-version": VERSION,
            "tus-extension": EXTENSIONS,
            "tus-max-size": str(limit),
            "tus-checksum-algorithm": ",".join(ALGORITHMS),
        },
    )


def state_headers(look: Look, *, delete_link: str | None = None) -> dict[str, str]:
    """Return what tells a client how far its upload is, and which image it became.

    Args:
        look: The upload.
        delete_link: What deletes that image; None where the client is not told.
    """
    headers = {"upload-offset": str(look.offset)}
    if look.expires is not None:
        headers["upload-expires"] = formatdate(look.expires, usegmt=True)
    if look.about.image:
        headers[IMAGE_HEADER] = look.about.image
        headers |= {DUPLICATE_HEADER: "true"} if look.about.duplicate else {}
        headers |= {DELETE_HEADER: delete_link} if delete_link else {}
    return headers


def refusal(error: ShoeboxError) -> Answer:
    """Return what says that a request failed."""
    said = problem(error)
    extra = {"tus-version": VERSION} if isinstance(error, UnsupportedVersionError) else {}
    return Answer(said.status, {**said.headers, **extra}, said.body)


async def answer_send(send: Send, answer: Answer, *, method: str) -> None:
    """Send an answer.

    Args:
        send: Of the request.
        answer: What to say.
        method: As it was sent; a HEAD is answered without a body.
    """
    body = b"" if method == "HEAD" else answer.body
    headers = {"cache-control": "no-store", **answer.headers, "tus-resumable": VERSION}
    headers["content-length"] = str(len(body))
    if answer.status == NO_CONTENT:  # which has no length (RFC 9110, section 8.6)
        del headers["content-length"]
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
