"""Somebody's web server, which answers as a test scripts it, byte by byte."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress

REQUEST_SECONDS = 10


class Remote:
    """Knows what to say at each path; keeps the requests it got."""

    def __init__(self, host, port, scheme):
        self.host, self.port, self.scheme = host, port, scheme
        self.requests = []
        self._scripts = {}

    def at(self, path, script):
        """Answer ``path`` with bytes, or with what ``script(connection)`` sends; return the URL."""
        self._scripts[path] = script
        return self.url(path)

    def url(self, path, *, name=None):
        return f"{self.scheme}://{name or self.host}:{self.port}{path}"

    def serve(self, connection):
        request = _read_request(connection)
        self.requests.append(request)
        script = self._scripts.get(request.split(" ")[1], answer(status="404 Not Found"))
        if callable(script):
            script(connection)
        else:
            connection.sendall(script)


def answer(body=b"", *, status="200 OK", **headers):
    """Return a whole answer; headers as ``content_type=…``; ``content_length=None``: none."""
    headers = {"content_length": len(body), "content_type": "image/jpeg", **headers}
    lines = [f"{n.replace('_', '-')}: {v}" for n, v in headers.items() if v is not None]
    head = "\r\n".join([f"HTTP/1.1 {status}", *lines, "Connection: close", "", ""])
    return head.encode("latin-1") + body


def redirect(url):
    return answer(status="302 Found", location=url)


def endless(chunk, *, pause):
    """Return a script that sends ``chunk`` again and again, ``pause()`` between, until cut off."""

    def script(connection):
        connection.sendall(answer(content_length=None))
        while not pause():
            connection.sendall(chunk)

    return script


@contextmanager
def remote_running(host="127.0.0.1", *, tls=None):
    """Run a server; it is gone afterwards, with every connection it still holds."""
    with socket.create_server((host, 0)) as listener:
        remote = Remote(host, listener.getsockname()[1], "https" if tls else "http")
        held = []
        thread = threading.Thread(target=_accept, args=(remote, listener, held, tls))
        thread.start()
        try:
            yield remote
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection, _ in held:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for _, server in held:
                server.join()


def _accept(remote, listener, held, tls):
    with suppress(OSError):  # the listener was shut down
        while True:
            connection, _ = listener.accept()
            connection.settimeout(REQUEST_SECONDS)
            server = threading.Thread(target=_serve, args=(remote, connection, tls))
            held.append((connection, server))
            server.start()


def _serve(remote, connection, tls):
    with connection, suppress(OSError):  # whoever asked may go at any moment
        if tls is None:
            remote.serve(connection)
            return
        with tls.wrap_socket(connection, server_side=True) as wrapped:
            remote.serve(wrapped)


def _read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("the client went away")
        data += more
    return data.decode("latin-1")


def tls_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
