"""A read service that is reloaded or told to end, with clients on it."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from tests.integration.reader_server import directory_world, read_service
from tests.integration.steady_clients import SteadyClients
from tests.processes import is_dead, wait_until
from webapp.reader.blobs import WHOLE_BYTES

LARGE = bytes(range(256)) * (WHOLE_BYTES // 256 + 8192)
SMALL = b"s" * 15_000
# Takes connections on a socket it was given, and no more of them after the first.
LEAVING = """
import asyncio, socket, sys
from config.draining import accepting_stop

async def take(_reader, writer):
    writer.write(b"taken")
    await writer.drain()
    accepting_stop()
    print("left", flush=True)

async def main():
    listening = socket.socket(fileno=int(sys.argv[1]))
    async with await asyncio.start_server(take, sock=listening) as server:
        await server.serve_forever()

asyncio.run(main())
"""
SECONDS = 60  # nothing takes as long; another run may have the machine


@pytest.fixture
def world(tmp_path):
    return directory_world(tmp_path)


def workers_of(server):
    """Return the processes that answer: all but the one that was started."""
    return set(server.running.members()) - {server.running.pid}


def reload(server):
    """Reload, and return once the old worker is gone and another one answers."""
    old = workers_of(server)
    os.kill(server.running.pid, signal.SIGHUP)
    gone = lambda: all(map(is_dead, old)) and workers_of(server)  # noqa: E731 - said once
    wait_until(gone, seconds=SECONDS, what="another worker in place of the old one")


@contextmanager
def half_read(server, path):
    """Give a large answer of which the client took one piece, and no more for now."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.sock.connect(("127.0.0.1", server.port))
    connection.request("GET", path)
    answer = connection.getresponse()
    yield answer, answer.read(1000)
    connection.close()


@pytest.fixture(scope="module")
def reloaded(tmp_path_factory):
    """Clients that asked all the time while a service was reloaded."""
    world = directory_world(tmp_path_factory.mktemp("world"))
    path = f"/{world.image(SMALL)}"
    # Longer than a busy machine keeps a client from its turn, which rests for 0.3 s by itself.
    with read_service(world, drain_seconds=4) as server:
        with SteadyClients(server.port, path) as clients:
            reload(server)
        yield clients


def test_a_reload_loses_no_request(reloaded):
    assert reloaded.lost == []
    assert set(reloaded.answers) == {(200, len(SMALL))}


def test_who_takes_no_more_connections_leaves_them_to_others_on_the_socket():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-c", LEAVING, str(listening.fileno())]
        leaving = subprocess.Popen(
            command, stdout=subprocess.PIPE, pass_fds=[listening.fileno()], text=True
        )
        with leaving, socket.create_connection(listening.getsockname()) as first:
            assert first.recv(10) == b"taken"
            assert leaving.stdout.readline() == "left\n"
            with socket.create_connection(listening.getsockname()) as second:
                listening.settimeout(SECONDS)
                taken, _ = listening.accept()
                taken.sendall(b"by us")
                taken.close()
                assert second.recv(10) == b"by us"
            assert leaving.poll() is None
            leaving.kill()


def test_clients_that_keep_their_connection_are_told_to_come_back_on_another(reloaded):
    assert reloaded.told_to_close >= 1


def test_a_large_answer_under_way_is_finished_by_the_old_worker(world):
    with read_service(world) as server, half_read(server, f"/{world.image(LARGE)}") as reading:
        answer, begun = reading
        [old] = workers_of(server)
        os.kill(server.running.pid, signal.SIGHUP)
        wait_until(lambda: len(workers_of(server)) > 1, seconds=SECONDS, what="a new worker")
        wait_until(lambda: "Stopping worker" in server.log, seconds=SECONDS, what="a drain over")
        assert begun + answer.read() == LARGE
        wait_until(lambda: is_dead(old), seconds=SECONDS, what="the end of the old worker")


def test_an_answer_under_way_is_finished_before_the_end(world):
    with read_service(world) as server, half_read(server, f"/{world.image(LARGE)}") as reading:
        answer, begun = reading
        os.kill(server.running.pid, signal.SIGTERM)
        wait_until(lambda: "Stopping worker" in server.log, seconds=SECONDS, what="a drain over")
        assert begun + answer.read() == LARGE
        wait_until(lambda: not server.running.alive, seconds=SECONDS, what="the end")


def test_a_client_that_takes_nothing_does_not_hold_up_the_end_for_ever(world):
    with (
        read_service(world, finish_seconds=1) as server,
        half_read(server, f"/{world.image(LARGE)}"),
    ):
        os.kill(server.running.pid, signal.SIGTERM)
        wait_until(lambda: not server.running.alive, seconds=SECONDS, what="the end")


def test_it_is_not_ready_while_it_drains_and_answers_all_the_same(world):
    path = f"/{world.image(SMALL)}"
    with read_service(world, drain_seconds=SECONDS) as server:
        os.kill(server.running.pid, signal.SIGTERM)
        wait_until(
            lambda: server.get("/readyz").json()["degraded"] == ["closing"],
            seconds=SECONDS,
            what="a drain",
        )
        assert server.get("/readyz").status_code == 503
        answer = server.get(path)
        assert (answer.status_code, answer.content) == (200, SMALL)
        assert answer.headers["connection"] == "close"
        server.running.kill()  # nobody waits for the end of this drain


def test_settings_that_are_wrong_stop_the_start_with_their_names(world):
    with (
        pytest.raises(Exception, match="SHOEBOX_DRAIN_SECONDS"),
        read_service(world, drain_seconds=-1),
    ):
        pass


def test_a_second_one_on_the_same_port_is_refused(world):
    with read_service(world) as server:
        service = server.running.service
        second = subprocess.run(
            service.command,
            cwd=service.directory,
            env={**os.environ, **service.env},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert second.returncode == 2
        assert f"port {server.port} is in use" in second.stdout + second.stderr


def test_a_worker_drains_and_ends_when_its_server_is_killed(world):
    path = f"/{world.image(SMALL)}"
    with read_service(world, drain_seconds=2) as server:
        [worker] = workers_of(server)
        os.kill(server.running.pid, signal.SIGKILL)
        assert server.get(path).status_code == 200
        wait_until(lambda: is_dead(worker), seconds=SECONDS, what="the end of the worker")
