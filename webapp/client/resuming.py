"""Sending a picture in parts that outlive a lost connection, Ctrl-C and a restart.

Source: tus 1.0.0 (tus.io/protocols/resumable-upload), core protocol and creation.
"""

import base64
from collections.abc import Mapping
from typing import Any

import httpx

from webapp.client.errors import AgainError, RefusedError
from webapp.client.memory import Memory
from webapp.client.sending import Sending
from webapp.client.server import TUS, Server

PART_BYTES = 8 * 1024 * 1024
"""What is lost at most where something in between keeps a request until it is whole."""
_DELETED = 410
_CONFLICT = 409
_GONE = frozenset({404, 410})
_ENDED = frozenset({400, 404, 410, 413, 415, 422})
"""What an upload does not survive. Over a quota and without the right token it waits."""


class Resumable:
    """Brings one picture to a server, from wherever an earlier run left off.

    Args:
        server: Where to.
        memory: Where uploads that began are found again.
        sending: The picture.
    """

    def __init__(self, server: Server, memory: Memory, sending: Sending) -> None:
        self._server = server
        self._memory = memory
        self._sending = sending
        self._key = f"{server.url}\n{sending.picture.digest}\n{sorted(sending.words.items())}"
        self._upload = ""
        self._offset: int | None = None
        self._image = ""
        self._duplicate = False

    def send(self) -> dict[str, Any]:
        """Return the image, once the server has it. Each part has tries of its own.

        Raises:
            RefusedError: The server does not take it.
            AgainError: It did not take a part, however often it was tried; another run goes on.
            StoppedError: A person stopped the command; another run goes on.
        """
        patience, name = self._sending.patience, self._sending.picture.name
        # Asked once: a memory that cannot be written never knows the upload that is begun here.
        self._upload = self._memory.find(self._key)
        while not self._image:
            patience.run(self._step, what=name)
        image = patience.run(lambda: self._server.image(self._image), what=name)
        self._memory.forget(self._key)
        return {**image, "duplicate": self._duplicate}

    def _step(self) -> None:
        """Find or make the upload, ask how far it is where that is unknown, send one part."""
        self._upload = self._upload or self._create()
        try:
            if self._offset is None:
                self._ask()
            if not self._image:
                self._part()
        except AgainError:
            self._offset = None
            raise
        except RefusedError as error:
            self._refused(error)

    def _ask(self) -> None:
        """Ask how far the upload is; one whose picture was deleted since is over, too."""
        self._hear(self._server.tus("HEAD", TUS + self._upload))
        if self._image and self._server.image(self._image).get("state") == "deleted":
            raise RefusedError("The picture was stored, and deleted since.", status=_DELETED)

    def _create(self) -> str:
        headers = {
            "Upload-Length": str(self._sending.picture.size),
            "Upload-Metadata": _metadata(self._sending.words),
        }
        answer = self._server.tus("POST", TUS, headers=headers)
        # Its last part only: the token goes to no other place than the server it is for.
        upload: str = answer.get("location", "").rstrip("/").rpartition("/")[2]
        if not upload:
            raise RefusedError(f"{self._server.url} began an upload and gave it no name.")
        self._memory.keep(self._key, upload)
        self._offset = 0
        return upload

    def _part(self) -> None:
        start = self._offset or 0
        end = min(start + PART_BYTES, self._sending.picture.size)
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(end - start),
            "Upload-Offset": str(start),
        }
        with self._sending.body(start, end) as body:
            answer = self._server.tus("PATCH", TUS + self._upload, content=body, headers=headers)
        self._hear(answer)

    def _hear(self, headers: httpx.Headers) -> None:
        value = headers.get("upload-offset", "")
        if not value.isdecimal() or int(value) > self._sending.picture.size:
            raise RefusedError(f"{self._server.url} does not say how far an upload is.")
        self._offset = int(value)
        self._sending.moved(self._offset)
        self._image = headers.get("x-shoebox-image", "")
        self._duplicate = headers.get("x-shoebox-duplicate") == "true"

    def _refused(self, error: RefusedError) -> None:
        """Forget an upload that is over; one that is elsewhere or gone is worth another try.

        Raises:
            AgainError, RefusedError: Always one of them.
        """
        self._offset, self._image = None, ""
        if error.status in _ENDED:
            self._upload = ""
            self._memory.forget(self._key)
        if error.status in _GONE or error.status == _CONFLICT:
            raise AgainError(str(error), code=error.code) from None
        raise error


def _metadata(words: Mapping[str, str]) -> str:
    pairs = ((name, base64.b64encode(value.encode()).decode()) for name, value in words.items())
    return ",".join(f"{name} {encoded}" for name, encoded in pairs)
