"""Small questions to a process: does it listen, does it answer."""

import http.client
import json
import socket

PROBE_SECONDS = 1.0
# Longer than a service looks for parts that are silent.
WORDS_SECONDS = 5.0


def listens(port: int, *, host: str = "127.0.0.1") -> bool:
    """Return whether something accepts connections on ``port``."""
    try:
        with socket.create_connection((host, port), timeout=PROBE_SECONDS):
            return True
    except OSError:
        return False


def http_status(port: int, path: str, *, host: str = "127.0.0.1") -> int | None:
    """Return the status of ``GET path``, or None when there was no answer in time."""
    answer = _http_answer(port, path, host=host)
    return answer[0] if answer else None


def answers_ok(port: int, path: str) -> bool:
    """Return whether ``GET path`` on loopback answers 200."""
    return http_status(port, path) == http.HTTPStatus.OK


def not_ready_said(port: int) -> str:
    """Return what ``GET /readyz`` says is wrong; empty when nothing is, or nobody answers."""
    status, body = _http_answer(port, "/readyz", seconds=WORDS_SECONDS) or (http.HTTPStatus.OK, b"")
    if status == http.HTTPStatus.OK:
        return ""
    try:
        told = json.loads(body)
        reasons = told.get("reasons") or dict.fromkeys(told["degraded"], "")
        parts = [f"{part}: {reason}" if reason else part for part, reason in reasons.items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        parts = []
    return "; ".join(parts) or f"/readyz answers {status}"


def _http_answer(
    port: int, path: str, *, host: str = "127.0.0.1", seconds: float = PROBE_SECONDS
) -> tuple[int, bytes] | None:
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
