"""The edge while its readers are restarted, die, or are asked for more than anybody may."""

import os
import signal
import socket
import time
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection

import httpx
import pytest

from config.local.runner import start
from tests.integration.edge_world import SECONDS, edge_run
from tests.integration.steady_clients import SteadyClients
from tests.processes import wait_until
from webapp.core.ids import Kind, id_make

pytestmark = pytest.mark.real

FORGIVEN_SECONDS = 3
"""A little longer than fail_timeout of the edge: so long it leaves alone who was away."""
NOT_THERE = {Kind.PUBLIC: 404, Kind.SIGNED: 403}
PROBLEM = "application/problem+json"
BODY = b"s" * 15_000


@pytest.fixture
def edge(tmp_path):
    # Kept for no time at all, so that every request needs a reader.
    with edge_run(tmp_path, EDGE_FRESHNESS="max-age=0") as running:
        yield running


def test_readers_restarted_in_turn_lose_no_request(tmp_path):
    settings = {"drain_seconds": 1}
    with (
        edge_run(tmp_path, settings=settings, EDGE_FRESHNESS="max-age=0") as edge,
        ExitStack() as ends,
    ):
        path = f"/{edge.world.image(BODY)}"
        with SteadyClients(edge.port, path) as clients:
            for reader in edge.readers:
                edge.end(reader)
                again = start(reader.running.service)
                ends.callback(again.stop)
                time.sleep(FORGIVEN_SECONDS)
        assert clients.lost == []
        assert set(clients.answers) == {(200, len(BODY))}


def test_another_reader_answers_for_one_that_died(edge):
    names = [f"/{edge.world.image(BODY)}" for _ in range(8)]
    edge.readers[0].running.kill()
    assert {edge.get(name).status_code for name in names} == {200}


def test_without_any_reader_it_says_try_again(edge):
    path = f"/{edge.world.image(kind=Kind.SIGNED)}"
    for reader in edge.readers:
        reader.running.kill()
    for asked in (path, f"/{edge.world.image()}"):
        answer = edge.get(asked)
        assert (answer.status_code, answer.json()["status"]) == (503, 503)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"]
        assert answer.headers["cache-control"] == "no-store"


def test_without_any_reader_what_it_has_is_shown_for_a_while(tmp_path):
    freshness = "max-age=1, stale-while-revalidate=1, stale-if-error=4"
    with edge_run(tmp_path, EDGE_FRESHNESS=freshness) as edge:
        path = f"/{edge.world.image(BODY)}"
        edge.get(path)
        for reader in edge.readers:
            reader.running.kill()
        seen = []
        wait_until(
            lambda: seen.append(edge.get(path)) or seen[-1].status_code == 503,
            seconds=SECONDS,
            what="the end of what is kept",
        )
    assert {answer.status_code for answer in seen} == {200, 503}
    assert "STALE" in {answer.headers.get("x-edge-cache") for answer in seen}


@contextmanager
def hanging(reader):
    """Let a reader hang."""
    pids = reader.running.members()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def fresh_get(edge, path):
    """Ask on a connection of its own: one may wait for what nginx fetches after an answer."""
    return httpx.get(f"http://127.0.0.1:{edge.port}{path}", trust_env=False)


def test_what_is_being_asked_for_again_is_shown_meanwhile(tmp_path):
    freshness = "max-age=1, stale-while-revalidate=60"
    with edge_run(tmp_path, readers=1, EDGE_FRESHNESS=freshness) as edge:
        path = f"/{edge.world.image(BODY)}"
        edge.get(path)
        with hanging(edge.readers[0]):
            wait_until(
                lambda: fresh_get(edge, path).headers["x-edge-cache"] == "UPDATING",
                seconds=SECONDS,
                what="an answer while the reader hangs",
            )
            assert fresh_get(edge, path).content == BODY


def test_one_address_may_hold_so_many_connections(tmp_path):
    with edge_run(tmp_path, readers=1, EDGE_CONNECTIONS="2") as edge, ExitStack() as held:
        for _ in range(2):
            connection = HTTPConnection("127.0.0.1", edge.port, timeout=SECONDS)
            held.callback(connection.close)
            # A body that never comes: the request is under way and costs nothing.
            connection.putrequest("POST", "/")
            connection.putheader("Content-Length", "10")
            connection.endheaders()
        wait_until(lambda: edge.get("/").status_code == 429, seconds=SECONDS, what="one too many")
        answer = edge.get("/")
        assert (answer.headers["content-type"], answer.headers["retry-after"]) == (PROBLEM, "1")
        assert answer.json()["code"] == "rate-limited"


def test_a_body_larger_than_the_edge_lets_in_is_a_problem(tmp_path):
    with edge_run(tmp_path, readers=1, EDGE_BODY="1k") as edge:
        url = f"http://127.0.0.1:{edge.nginx.write_port}/api/v1/images"
        answer = httpx.post(url, content=bytes(2000), trust_env=False)
        assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)
        assert answer.json()["code"] == "too-large"


def test_a_client_that_says_nothing_is_cut_off(tmp_path):
    with (
        edge_run(tmp_path, readers=1, EDGE_CLIENT_SECONDS="1") as edge,
        socket.create_connection(("127.0.0.1", edge.port), timeout=SECONDS) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        with pytest.raises(ConnectionResetError):
            connection.recv(4096)


@pytest.mark.parametrize("kind", Kind)
def test_one_address_may_ask_the_readers_so_often(tmp_path, kind):
    with edge_run(tmp_path, readers=1, EDGE_READS_PER_SECOND="2") as edge:
        answers = [edge.get(f"/{id_make(kind=kind, version=0)}") for _ in range(30)]
        assert {answer.status_code for answer in answers} == {NOT_THERE[kind], 429}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert (refused.headers["content-type"], refused.headers["retry-after"]) == (PROBLEM, "1")
