"""Targets and connections to the letter, byte by byte, by the read service as it runs."""

import socket

import pytest

from tests.integration.reader_server import directory_world, read_service

BODY = b"0123456789"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return directory_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def server(world):
    with read_service(world) as running:
        yield running


@pytest.fixture(scope="module")
def image(world):
    return world.image(BODY)


def raw(server, *requests):
    """Send bytes at once on one connection that the last request closes; return all answers."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"".join(requests))
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


def request(line, *headers, close=False):
    lines = [f"{line} HTTP/1.1", "Host: x", *headers, *(["Connection: close"] * close)]
    return "".join(f"{text}\r\n" for text in [*lines, ""]).encode()


# Targets: RFC 9110 section 4, RFC 3986


@pytest.mark.parametrize("path", ["/%70REST.jpg", "/IMAGE%2ejpg", "/IMAGE%2Ejpg"])
def test_an_unreserved_character_is_the_same_when_it_is_encoded(server, image, path):
    """RFC 3986 section 6.2.2.2."""
    path = path.replace("REST", str(image)[1:]).replace("IMAGE", str(image))
    assert " 200 OK" in raw(server, request(f"GET {path}", close=True)).decode("latin-1")


HOSTILE = [
    "/../IMAGE",
    "//IMAGE",
    "/IMAGE/",
    "/IMAGE/../IMAGE",
    "/IMAGE%00",
    "/IMAGE%00.jpg",
    "/IMAGE.jpg%0d%0aX-Evil:%201",
    "/IMAGE.jpg%",
    "/IMAGE.jpg%zz",
    "/IMAGE.JPG",
    "/IMAGE;a=b",
    "/%c0%af",
    "/" + "%41" * 3000,
    "/" + "a/" * 3000,
    "/IMAGE/w320.webp/w320.webp",
    "/_shoebox/topology.json",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_an_absurd_path_is_not_found_and_costs_no_shard(server, image, path):
    """RFC 9110 section 15.5.5."""
    before = server.sample("shoebox_reader_requests_total", cache="shard", status="200")
    said = raw(server, request(f"GET {path.replace('IMAGE', str(image))}", close=True))
    assert said.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b"x-evil" not in said.lower().partition(b"\r\n\r\n")[0]
    assert server.sample("shoebox_reader_requests_total", cache="shard", status="200") == before


# Connections: RFC 9112


def test_answers_to_requests_sent_ahead_come_in_their_order(server, image):
    """RFC 9112 section 9.3.2."""
    said = raw(
        server,
        request(f"GET /{image}"),
        request(f"HEAD /{image}"),
        request("GET /nonsense"),
        request(f"GET /{image}", "Content-Length: 5") + b"hello",
        request(f"GET /{image}", "Range: bytes=3-4", close=True),
    )
    statuses = [part.split(b" ", 1)[0] for part in said.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"404", b"200", b"206"]
    assert said.endswith(b"\r\n\r\n34")


def test_a_connection_is_closed_when_the_client_says_so(server, image):
    """RFC 9112 section 9.6: the server MUST close, and SHOULD say so."""
    assert b"\r\nconnection: close\r\n" in raw(server, request(f"GET /{image}", close=True)).lower()


def test_a_client_of_1_0_gets_its_connection_closed(server, image):
    """RFC 9112 section 9.3."""
    assert raw(server, f"GET /{image} HTTP/1.0\r\n\r\n".encode()).endswith(BODY)


def test_two_lengths_at_once_end_the_connection(server, image):
    """RFC 9112 section 6.1: the server MUST close it after answering."""
    both = request(f"GET /{image}", "Content-Length: 5", "Transfer-Encoding: chunked")
    assert raw(server, both, b"0\r\n\r\n", request("GET /smuggled")).count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "line", [b"GET /x HTTP/1.1\r\nHost : x\r\n", b"GET /x HTTP/3.7\r\nHost: x\r\n", b"GET\r\n"]
)
def test_what_is_no_request_is_refused(server, line):
    """RFC 9112 sections 2.3, 3 and 5.1."""
    assert raw(server, line + b"\r\n").startswith(b"HTTP/1.1 400")


@pytest.mark.xfail(reason="2026-11-29: granian passes such requests on; the edge refuses them")
def test_a_request_without_a_host_is_refused(server, image):
    """RFC 9112 section 3.2."""
    said = raw(server, f"GET /{image} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 400")
