"""A picture by its link: the server fetches it, the command waits until it has."""

import hashlib
from dataclasses import dataclass
from typing import Any

from webapp.client.errors import AgainError, RefusedError
from webapp.client.patience import Patience
from webapp.client.server import Server

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 5.0
WAIT_SECONDS = 15 * 60
"""A server that tries a link again and again has given up long before."""


@dataclass(frozen=True, slots=True)
class Link:
    """A picture somewhere else on the network."""

    url: str

    def __str__(self) -> str:
        return self.url


def is_link(word: str) -> bool:
    """Return whether a word of the command names a link; anything else is a file."""
    return word.lower().startswith(("http://", "https://"))


def import_wait(
    server: Server, link: Link, *, words: dict[str, str], patience: Patience, run: str
) -> dict[str, Any]:
    """Have the server import a picture; return the image once it has it.

    Args:
        server: Where to.
        link: What to fetch.
        words: What is said of it.
        patience: How failures are met.
        run: Names this run, as ``Uploader`` says.

    Raises:
        RefusedError: The server does not take the link, or what lies there.
        AgainError: It does not answer, or was not done in time.
        StoppedError: A person stopped the command.
    """
    key = f"shoebox-{run}-{hashlib.sha256(link.url.encode()).hexdigest()}"
    asked = {"url": link.url, **words}
    found = patience.run(lambda: server.import_ask(asked, key=key), what=link.url)
    import_id = str(found["id"])
    waited, pause = 0.0, FIRST_WAIT_SECONDS
    while found["state"] not in {"done", "failed"}:
        if waited >= WAIT_SECONDS:
            raise AgainError("The server has not fetched it yet; the import goes on there.")
        patience.wait(pause)
        waited, pause = waited + pause, min(2 * pause, LONGEST_WAIT_SECONDS)
        found = patience.run(lambda: server.import_read(import_id), what=link.url)
    if found["state"] == "failed":
        raise RefusedError(str(found["reason"]), code=str(found["code"]))
    if not found["image"]:
        raise RefusedError("The picture was imported, and erased since.")
    image: dict[str, Any] = found["image"]
    return image
