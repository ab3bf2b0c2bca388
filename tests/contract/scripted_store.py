"""An S3 store that answers what a test tells it to, for what SeaweedFS never does."""

import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATE = "Sun, 22 Nov 2026 21:22:32 GMT"


class Server(ThreadingHTTPServer):
    """Quiet about clients that hang up in the middle, as clients of stores do."""

    def handle_error(self, *_) -> None:
        pass


@dataclass
class Answer:
    """One answer; ``code`` makes an S3 error body."""

    status: int = 200
    code: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if not self.code:
            return self.body
        return f"<Error><Code>{self.code}</Code><Message>scripted</Message></Error>".encode()


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def scripted_store(answer: Callable[[Request], Answer]):
    """Answer on loopback with whatever ``answer`` returns; gives the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = answer(Request(self.command, self.path, headers, self.rfile.read(length)))
            self.send_response_only(said.status)
            for name, value in {"Last-Modified": DATE, **said.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.content)

        def log_message(self, *_) -> None:
            pass

    for method in ("GET", "PUT", "HEAD", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.handle_any)
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
