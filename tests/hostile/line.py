"""Requests as bytes on a socket: what no client library would send."""

import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

ANSWER_SECONDS = 30
PIECE = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was answered: 0 where the connection was closed without a word."""

    status: int
    text: str
    sent: int
    seconds: float


class Line:
    """Sends heads and bodies by hand to the write service of a system."""

    def __init__(self, system):
        url = urlsplit(system.environment["SHOEBOX_WRITE_URL"])
        self.address = (url.hostname, url.port)
        self.token = system.profile.credentials()["token"]

    def head(self, path, *, method="POST", **headers):
        """Return a head with a token; header names with ``_`` for ``-``."""
        named = {
            "Host": f"{self.address[0]}:{self.address[1]}",
            "Authorization": f"Bearer {self.token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")

    @contextmanager
    def open(self):
        with socket.create_connection(self.address, timeout=ANSWER_SECONDS) as connection:
            yield connection

    def ask(self, head, pieces=(), *, then_close=False):
        """Send everything, or as much as is taken; return the answer."""
        began, sent = time.monotonic(), 0
        with self.open() as connection:
            try:
                for piece in (head, *pieces):
                    connection.sendall(piece)
                    sent += len(piece)
                if then_close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was answered before all was sent
            text = _answer(connection)
        status = int(text.split(" ", 2)[1]) if text.startswith("HTTP/1.1 ") else 0
        return Said(status=status, text=text, sent=sent, seconds=time.monotonic() - began)


def _answer(connection):
    """Return the head of the answer and what came with it."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            piece = connection.recv(PIECE)
            if not piece:
                break
            data += piece
    except ConnectionError:
        pass
    return data.decode("latin-1")


def chunked(body):
    return b"%x\r\n%b\r\n" % (len(body), body)
