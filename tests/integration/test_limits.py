"""The limits of a write service as it runs, behind a proxy that ends TLS."""

import json
import socket
from http.client import HTTPResponse

import httpx
import pytest

from tests.integration.tus_caller import noise_picture
from tests.system import system_make

pytestmark = pytest.mark.real

PUBLIC = "https://images.example"
UPLOADS = 3
SIGN_INS = 4
OVER_TLS = {"Host": "images.example", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """Run a write service alone: no limit needs a broker or a worker."""
    found = system_make(
        "embedded",
        tmp_path_factory.mktemp("limits"),
        SHOEBOX_WRITE_URL=PUBLIC,
        SHOEBOX_ALLOWED_HOSTS="images.example,127.0.0.1",
        SHOEBOX_UPLOAD_RATE_PER_TOKEN=f"{UPLOADS}/hour",
        SHOEBOX_SIGN_IN_RATE_PER_ADDRESS=f"{SIGN_INS}/hour",
        SHOEBOX_TRUSTED_PROXIES="127.0.0.2",
    )
    for shard in found.profile.shard_folders:
        shard.mkdir(parents=True)
    try:
        found.start(*found.servers)
        found.manage("migrate", "--noinput")
        found.manage("bootstrap")
        found.kill(*found.servers)
        found.start("write")
        yield found
    finally:
        found.end()


@pytest.fixture(scope="module")
def port(system):
    return next(iter(system.described("write").ports))


@pytest.fixture
def visitor(port):
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers=OVER_TLS, trust_env=False
    ) as client:
        yield client


def token_of(system, name):
    system.manage("user", "add", name, "--no-password")
    words = ("token", "add", name, "--name", "t", "--scope", "upload")
    return system.manage(*words).split()[-1]


def form(visitor, path, *, origin=PUBLIC, **fields):
    """Return the answer to a form of ours; its cookie would travel over TLS only."""
    token = visitor.get("/login").cookies["csrftoken"]
    headers = {"X-CSRFToken": token, "Cookie": f"csrftoken={token}", "Origin": origin}
    return visitor.post(path, data=fields, headers=headers)


def upload_expecting(port, token, body):
    """Send headers, wait for leave to go on; return the first line, and the answer in the end."""
    head = (
        f"POST /api/v1/images HTTP/1.1\r\nHost: images.example\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: image/png\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(head.encode())
        first = line.recv(64, socket.MSG_PEEK)
        if first.startswith(b"HTTP/1.1 100"):
            assert line.recv(len(b"HTTP/1.1 100 Continue\r\n\r\n")).endswith(b"\r\n\r\n")
            line.sendall(body)
        answer = HTTPResponse(line)
        answer.begin()
        return first.split(b"\r\n")[0], answer, json.loads(answer.read())


def test_one_upload_too_many_is_refused_without_leave_to_send_its_body(system, port):
    token = token_of(system, "eager")
    for _ in range(UPLOADS):
        first, answer, _ = upload_expecting(port, token, noise_picture())
        assert (first, answer.status) == (b"HTTP/1.1 100 Continue", 201)
    first, answer, said = upload_expecting(port, token, noise_picture())
    assert first == b"HTTP/1.1 429 Too Many Requests"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (said["code"], said["limit"]) == ("rate-limited", "upload_rate_per_token")
    assert 0 < int(answer.headers["Retry-After"]) <= 3600


def test_what_is_too_large_is_refused_without_leave_to_send_its_body(system, port):
    first, _, said = upload_expecting(port, token_of(system, "large"), bytes(100 * 1024 * 1024))
    assert (first, said["code"]) == (b"HTTP/1.1 413 Payload Too Large", "too-large")


# Headers of a public address over TLS


def test_browsers_are_told_to_come_back_over_tls_only(visitor):
    assert visitor.get("/login").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_cookies_travel_over_tls_only(visitor, system):
    csrf = visitor.get("/login").headers["Set-Cookie"]
    signed_in = form(visitor, "/login", **system.profile.credentials())
    session = next(c for c in signed_in.headers.get_list("Set-Cookie") if "sessionid=" in c)
    assert (signed_in.status_code, "; Secure" in csrf, "; Secure" in session) == (302, True, True)
    assert "; HttpOnly" in session


def test_pages_bring_their_policy_and_stay_out_of_frames(visitor):
    headers = visitor.get("/login").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://images.example"])
def test_a_form_of_another_origin_is_refused(visitor, origin):
    assert form(visitor, "/logout", origin=origin).status_code == 403


def test_a_form_of_our_own_origin_is_taken_whatever_name_the_proxy_calls_us(visitor):
    visitor.headers["Host"] = "127.0.0.1"
    assert form(visitor, "/logout").status_code == 302


def test_guessing_is_slowed_by_address_whatever_is_claimed(visitor):
    for number in range(SIGN_INS + 1):
        visitor.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        answer = form(visitor, "/login", username=f"name{number}", password="guess")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate-limited")
    assert answer.json()["limit"] == "sign_in_rate_per_address"
