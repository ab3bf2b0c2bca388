"""One file from here to there: sent whole or in resumable parts, tried again, never twice."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from webapp.client.errors import AgainError, ClientError, RefusedError
from webapp.client.importing import Link, import_wait
from webapp.client.memory import Memory
from webapp.client.patience import Patience
from webapp.client.pictures import Picture, picture_read
from webapp.client.resuming import Resumable
from webapp.client.sending import Sending, send_whole
from webapp.client.server import Server

RESUMABLE_BYTES = 8 * 1024 * 1024
"""Larger files are sent in parts, where the server can."""


class Result(StrEnum):
    """What became of a file."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def is_good(self) -> bool:
        """Whether the server has the picture now."""
        return self in {Result.STORED, Result.DUPLICATE}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Args:
        path: The file or link.
        result: What.
        image: As the server describes it; empty when it has none.
        detail: Why not, for a person.
        code: Why not, for a program.
    """

    path: Path | Link
    result: Result
    image: dict[str, Any] = field(default_factory=dict)
    detail: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of every picture.

    Args:
        album: May be empty.
        kind: ``p`` or ``s``; empty to leave it to the server.
    """

    album: str = ""
    kind: str = ""

    def of(self, name: str) -> dict[str, str]:
        """Return what is said of a picture of this name, without what is empty."""
        said = {"filename": name, "album": self.album, "kind": self.kind}
        return {name: value for name, value in said.items() if value}


class WrongBytesError(ClientError):
    """The server does not have what was sent.

    Args:
        image: As it describes it.
    """

    def __init__(self, image: dict[str, Any]) -> None:
        super().__init__("The server has other bytes than the file.")
        self.image = image


class Uploader:
    """Uploads files with the same words to the same server. Threads may share it.

    Args:
        server: Where to.
        words: What is said of each.
        patience: How failures are met.
        run: Names this run. A retry within it is answered as the first attempt was; a later
            run asks anew, and the server finds what it has by its bytes.
        memory: None: everything is sent whole.
    """

    def __init__(
        self, *, server: Server, words: Words, patience: Patience, run: str, memory: Memory | None
    ) -> None:
        self._server = server
        self._words = words
        self._patience = patience
        self._run = run
        self._memory = memory

    def upload(self, path: Path | Link, moved: Callable[[int], None]) -> Outcome:
        """Return what became of a file or link; only being stopped is raised.

        Raises:
            StoppedError: A person stopped the command.
        """
        try:
            image = self._import(path) if isinstance(path, Link) else self._file(path, moved)
        except OSError as error:
            return Outcome(path, Result.FAILED, detail=f"cannot be read ({error.strerror})")
        except RefusedError as error:
            return Outcome(path, Result.REFUSED, detail=str(error), code=error.code)
        except AgainError as error:
            return Outcome(path, Result.FAILED, detail=str(error), code=error.code)
        except WrongBytesError as error:
            return Outcome(path, Result.FAILED, error.image, str(error))
        result = Result.DUPLICATE if image.get("duplicate") else Result.STORED
        return Outcome(path, result, image)

    def _import(self, link: Link) -> dict[str, Any]:
        words = self._words.of("")
        return import_wait(self._server, link, words=words, patience=self._patience, run=self._run)

    def _file(self, path: Path, moved: Callable[[int], None]) -> dict[str, Any]:
        picture = picture_read(path)
        image = self._send(picture, moved)
        if image.get("source_digest") != picture.digest:
            raise WrongBytesError(image)
        return image

    def _send(self, picture: Picture, moved: Callable[[int], None]) -> dict[str, Any]:
        sending = Sending(picture, self._words.of(picture.name), self._patience, moved)
        if self._memory and picture.size > RESUMABLE_BYTES:
            return Resumable(self._server, self._memory, sending).send()
        key = f"shoebox-{self._run}-{picture.digest.removeprefix('sha256:')}"
        return self._patience.run(
            lambda: send_whole(self._server, sending, key=key), what=picture.name
        )
