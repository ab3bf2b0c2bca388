"""A receiver of webhooks on loopback that answers what it is told to and keeps what it got."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request."""

    headers: dict
    body: bytes


class Receiver:
    """Answers with the statuses it was given, one each, then always with ``default``."""

    def __init__(self, url, statuses, default):
        self.url = url
        self.received = []
        self._statuses = list(statuses)
        self._default = default
        self._lock = threading.Lock()

    def take(self, headers, body):
        with self._lock:
            self.received.append(Received(headers=headers, body=body))
            return self._statuses.pop(0) if self._statuses else self._default


@contextmanager
def receiving(*statuses, default=204):
    """Run a receiver; it is gone afterwards."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(dict(self.headers), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook", statuses, default)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
