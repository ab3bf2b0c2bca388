"""Fetching from servers that mean no good, over real sockets.

127.0.0.2 stands for a public address here, everything else is as it is: 127.0.0.1 and
169.254.169.254 must never be asked.
"""

import asyncio
import hashlib
import itertools
import socket
import subprocess
import threading
import time
from ipaddress import ip_address

import pytest

from tests.remote import answer, endless, redirect, remote_running, tls_context
from webapp.core.errors import (
    AddressRefusedError,
    FetchFailedError,
    NotFetchedError,
    TooLargeError,
)
from webapp.core.ports import Ports
from webapp.imports.fetching import MOST_REDIRECTS, FetchRules, fetch
from webapp.imports.spooling import spool_file
from webapp.outside import address as address_module

PUBLIC = "127.0.0.2"
ANY_PORT = Ports(["1-65535"])
BODY = bytes(range(256)) * 1000
LIMIT = 1_000_000


@pytest.fixture(autouse=True)
def one_public_address(monkeypatch):
    monkeypatch.setattr(address_module, "is_public", lambda found: found == ip_address(PUBLIC))


@pytest.fixture
def remote():
    with remote_running(PUBLIC) as remote:
        yield remote


@pytest.fixture
def inside():
    """A server that only this machine can reach."""
    with remote_running("127.0.0.1") as inside:
        yield inside


@pytest.fixture
def names(monkeypatch):
    """What a name server answers, by name: a list each time; what was asked stays in ``asked``."""

    class Names(dict):
        asked = []

    known = Names()

    async def getaddrinfo(_loop, host, port, **_how):
        known.asked.append(host)
        return [(2, 1, 6, "", (found, port)) for found in next(known[host])]

    known.asked = []
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known


def get(url, tmp_path, *, ports=ANY_PORT, seconds=10.0, private_allowed=False, limit=LIMIT):
    """Return size, digest and file name of what was fetched; nothing is left in the spool."""
    rules = FetchRules(ports=ports, private_allowed=private_allowed, seconds=seconds)
    try:
        with spool_file(tmp_path, limit=limit, floor=0) as spool:
            name = asyncio.run(fetch(url, spool, rules=rules))
            received = spool.received()
            assert received.source.read_bytes() == BODY
            return received.size, received.digest, name
    finally:
        assert list(tmp_path.iterdir()) == []


def test_a_body_is_counted_and_hashed_as_it_comes(remote, tmp_path):
    url = remote.at("/2026/cat%20one.jpg", answer(BODY))
    digest = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
    assert get(url, tmp_path) == (len(BODY), digest, "cat one.jpg")


def test_a_name_without_an_address_is_told_as_one(tmp_path, monkeypatch):
    async def nobody(*_args, **_how):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", nobody)
    with pytest.raises(FetchFailedError) as failed:
        get("http://nosuch.example/cat.jpg", tmp_path)
    assert failed.value.detail == "No address of 'nosuch.example' can be found."


def test_nothing_is_asked_to_be_compressed_and_no_proxy_is_asked(remote, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    get(remote.at("/a", answer(BODY)), tmp_path)
    assert "Accept-Encoding: identity" in remote.requests[0]


def test_redirects_are_followed_and_the_last_one_names_the_file(remote, tmp_path):
    remote.at("/b/cat.jpg", answer(BODY))
    remote.at("/b", redirect("/b/cat.jpg#part"))
    assert get(remote.at("/a", redirect("b")), tmp_path)[2] == "cat.jpg"


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "file:///etc/passwd",
        "//10.0.0.1",
    ],
)
def test_no_redirect_leads_inside(remote, tmp_path, target):
    with pytest.raises(AddressRefusedError):
        get(remote.at("/a", redirect(target)), tmp_path)


def test_a_redirect_to_loopback_is_not_even_connected_to(remote, inside, tmp_path):
    with pytest.raises(AddressRefusedError):
        get(remote.at("/a", redirect(inside.at("/secret", answer(BODY)))), tmp_path)
    assert inside.requests == []


def test_a_redirect_to_another_port_is_refused(remote, tmp_path):
    url = remote.at("/a", redirect(f"http://{PUBLIC}:22/"))
    with pytest.raises(AddressRefusedError, match="port 22"):
        get(url, tmp_path, ports=Ports([str(remote.port)]))


def test_redirects_in_a_circle_end(remote, tmp_path):
    with pytest.raises(NotFetchedError, match=f"more than {MOST_REDIRECTS} times"):
        get(remote.at("/a", redirect("/a")), tmp_path)
    assert len(remote.requests) == MOST_REDIRECTS + 1


def test_a_name_is_looked_up_once_and_kept_to(remote, inside, names, tmp_path):
    """DNS rebinding: the second answer of the name server would lead inside."""
    names["cats.example.org"] = iter([[PUBLIC], ["127.0.0.1"]])
    remote.at("/a", answer(BODY))
    get(remote.url("/a", name="cats.example.org"), tmp_path)
    assert names.asked == ["cats.example.org"]
    assert f"Host: cats.example.org:{remote.port}" in remote.requests[0]


def test_a_redirect_to_a_name_that_leads_inside_by_then_is_refused(remote, names, tmp_path):
    names["cats.example.org"] = iter([[PUBLIC], ["127.0.0.1"]])
    remote.at("/a", redirect("/b"))
    with pytest.raises(AddressRefusedError):
        get(remote.url("/a", name="cats.example.org"), tmp_path)


def test_a_name_with_one_private_address_is_refused(remote, names, tmp_path):
    names["cats.example.org"] = iter([[PUBLIC, "10.0.0.1"]])
    with pytest.raises(AddressRefusedError):
        get(remote.url("/a", name="cats.example.org"), tmp_path)
    assert remote.requests == []


def test_an_endless_body_is_cut_off_at_the_limit(remote, tmp_path):
    url = remote.at("/a", endless(b"x" * 65536, pause=lambda: False))
    with pytest.raises(TooLargeError):
        get(url, tmp_path)


def test_a_body_announced_too_large_is_not_read(remote, tmp_path):
    with pytest.raises(TooLargeError) as refused:
        get(remote.at("/a", answer(b"x", content_length=10**10)), tmp_path)
    assert refused.value.extra["bytes"] == 10**10


def test_a_slow_body_is_given_up_in_time(remote, tmp_path):
    stop = threading.Event()
    url = remote.at("/a", endless(b"x", pause=lambda: stop.wait(0.05)))
    began = time.monotonic()
    with pytest.raises(FetchFailedError, match="within 1 seconds"):
        get(url, tmp_path, seconds=0.6)
    stop.set()
    assert time.monotonic() - began < 5


def test_slow_headers_are_given_up_in_time(remote, tmp_path):
    stop = threading.Event()

    def script(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in itertools.count():
            if stop.wait(0.05):
                return
            connection.sendall(f"X-{number}: y\r\n".encode())

    with pytest.raises(FetchFailedError, match="within"):
        get(remote.at("/a", script), tmp_path, seconds=0.6)
    stop.set()


def test_a_body_shorter_than_announced_is_not_taken(remote, tmp_path):
    with pytest.raises(FetchFailedError, match="complete"):
        get(remote.at("/a", answer(BODY[:5000], content_length=len(BODY))), tmp_path)


def test_bytes_beyond_what_was_announced_are_left(remote, tmp_path):
    url = remote.at("/a", answer(BODY + b"more", content_length=len(BODY)))
    assert get(url, tmp_path)[0] == len(BODY)


def test_a_compressed_answer_is_refused(remote, tmp_path):
    with pytest.raises(NotFetchedError, match="gzip"):
        get(remote.at("/a", answer(BODY, content_encoding="gzip")), tmp_path)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("404 Not Found", NotFetchedError),
        ("206 Partial Content", NotFetchedError),
        ("304 Not Modified", NotFetchedError),
        ("429 Too Many Requests", FetchFailedError),
        ("503 Service Unavailable", FetchFailedError),
    ],
)
def test_only_200_is_a_picture_and_some_others_may_become_one(remote, tmp_path, status, error):
    with pytest.raises(error, match=status[:3]):
        get(remote.at("/a", answer(status=status)), tmp_path)


@pytest.mark.parametrize(
    "garbage", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10**6]
)
def test_what_is_no_answer_is_no_picture(remote, tmp_path, garbage):
    with pytest.raises(FetchFailedError):
        get(remote.at("/a", garbage), tmp_path)


def test_a_server_nobody_vouches_for_is_refused(tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=cats", "-days", "1"]
    out = ["-keyout", key, "-out", certificate, "-addext", f"subjectAltName=IP:{PUBLIC}"]
    subprocess.run(["openssl", "req", "-x509", *words, *out], check=True, capture_output=True)
    with remote_running(PUBLIC, tls=tls_context(certificate, key)) as remote:
        url = remote.at("/a", answer(BODY))
        certificate.unlink()
        key.unlink()
        with pytest.raises(NotFetchedError, match="certificate is not valid"):
            get(url, tmp_path)
    assert remote.requests == []


def test_loopback_is_fine_where_the_operator_says_so(inside, tmp_path):
    assert get(inside.at("/a", answer(BODY)), tmp_path, private_allowed=True)[0] == len(BODY)
