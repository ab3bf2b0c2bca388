"""Small questions to a process: does it listen, does it answer."""

import http.client
import socket

PROBE_SECONDS = 1.0


def listens(port: int, *, host: str = "127.0.0.1") -> bool:
    """Return whether something accepts connections on ``port``."""
    try:
        with socket.create_connection((host, port), timeout=PROBE_SECONDS):
            return True
    except OSError:
        return False


def http_status(port: int, path: str, *, host: str = "127.0.0.1") -> int | None:
    """Return the status of ``GET path``, or None when there was no answer in time."""
    connection = http.client.HTTPConnection(host, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def answers_ok(port: int, path: str) -> bool:
    """Return whether ``GET path`` on loopback answers 200."""
    return http_status(port, path) == http.HTTPStatus.OK
