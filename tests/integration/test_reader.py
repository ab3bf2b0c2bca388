"""The read service as it runs: granian, four directories in two zones, no database, no broker."""

import shutil
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.reader_server import directory_world, read_service
from tests.unit.webapp.reader.world import JPEG
from webapp.core.ids import Kind, id_make
from webapp.reader.blobs import WHOLE_BYTES

LARGE = bytes(range(256)) * (WHOLE_BYTES // 256 + 8192)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return directory_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def server(world):
    with read_service(world) as running:
        yield running


@pytest.fixture
def own_world(tmp_path):
    """A world whose shards may be broken."""
    return directory_world(tmp_path)


def blob_path(world, shard, image_id, name="original"):
    return world.folder / shard / image_id.partition / str(image_id) / name


def asked(server):
    text = server.get("/metrics").text
    lines = [
        ln for ln in text.splitlines() if ln.startswith("shoebox_reader_positions_asked_total")
    ]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.parametrize("data", [b"", JPEG, LARGE], ids=["empty", "small", "large"])
def test_an_original_is_read_back_byte_for_byte(world, server, data):
    answer = server.get(f"/{world.image(data)}")
    assert (answer.status_code, answer.content) == (200, data)


@pytest.mark.parametrize("data", [JPEG, LARGE], ids=["small", "large"])
def test_a_range_is_read(world, server, data):
    answer = server.get(f"/{world.image(data)}", headers={"range": "bytes=-7"})
    assert (answer.status_code, answer.content) == (206, data[-7:])


@pytest.mark.parametrize("data", [JPEG, LARGE], ids=["small", "large"])
def test_head_promises_what_get_sends(world, server, data):
    answer = server.client.head(f"/{world.image(data)}")
    assert (answer.headers["content-length"], answer.content) == (str(len(data)), b"")


def test_many_at_a_time_cost_one_read(world, server):
    path, before = f"/{world.image(b'x' * 1_000_000)}", asked(server)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: server.get(path), range(64)))
    assert {len(answer.content) for answer in answers} == {1_000_000}
    assert asked(server) - before == 1


def test_a_connection_serves_several_requests(world, server):
    request = f"GET /{world.image()} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request * 3)
        received = b""
        while received.count(JPEG) < 3:
            received += connection.recv(65536)
    assert received.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2fetc/passwd",
        "/%00",
        "/%ff%fe",
        "/" + "a" * 5000,
        "/p%0d%0aX-Evil:1",
        "/?a=" + "b" * 5000,
    ],
)
def test_a_hostile_path_is_not_found(server, path):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize(("kilobytes", "status"), [(12, b"404"), (40, b"431")])
def test_a_head_is_taken_up_to_what_a_connection_may_hold(server, kilobytes, status):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        head = f"GET /nothing HTTP/1.1\r\nHost: x\r\nX-Long: {'x' * kilobytes * 1000}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(4096)[9:12] == status


def test_a_deleted_image_is_gone_within_five_seconds(world, server):
    path = f"/{(image_id := world.image())}"
    assert server.get(path).status_code == 200
    world.delete(str(image_id), file=False)
    assert server.until(lambda: server.get(path).status_code == 410) < 5


def test_a_bad_copy_is_stepped_over_and_logged(own_world):
    image_id = own_world.image()
    blob_path(own_world, own_world.positions(image_id)[0], image_id).write_bytes(JPEG[::-1])
    with read_service(own_world) as server:
        assert server.get(f"/{image_id}").content == JPEG
        assert '"bad copy"' in server.log


def test_a_large_bad_copy_is_cut_off_and_never_whole(own_world):
    image_id = own_world.image(LARGE)
    bad = blob_path(own_world, own_world.positions(image_id)[0], image_id)
    with bad.open("r+b") as file:
        file.write(b"rotten")
    with read_service(own_world) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            server.get(f"/{image_id}")
        assert server.get(f"/{image_id}").content == LARGE


def test_while_any_two_of_four_shards_are_away_every_original_reads(own_world):
    images = [own_world.image(f"picture {i}".encode()) for i in range(20)]
    with read_service(own_world) as server:
        for shard in ("a1", "b1"):
            shutil.move(own_world.folder / shard, own_world.folder / f"{shard}-unmounted")
        contents = [server.get(f"/{image_id}").content for image_id in images]
        nowhere = server.get(f"/{id_make(kind=Kind.PUBLIC, version=0)}")
        degraded = server.get("/readyz").json()["degraded"]
    assert contents == [f"picture {i}".encode() for i in range(20)]
    assert (nowhere.status_code, "retry-after" in nowhere.headers) == (503, True)
    assert degraded == ["shard:a1", "shard:b1"]


def test_an_unmounted_disk_is_not_an_empty_one(own_world):
    image_id = own_world.image()
    with read_service(own_world) as server:
        for shard in own_world.positions(image_id)[:3]:
            root = own_world.folder / shard
            root.rename(own_world.folder / f"{shard}-elsewhere")
            root.mkdir()
        assert server.get(f"/{image_id}").status_code == 503


def test_a_disk_that_is_mounted_again_is_read_again(own_world):
    image_id = own_world.image()
    root = own_world.folder / own_world.positions(image_id)[0]
    away = own_world.folder / "away"
    with read_service(own_world) as server:
        root.rename(away)
        server.until(lambda: server.get("/readyz").json()["degraded"])
        away.rename(root)
        server.until(lambda: not server.get("/readyz").json()["degraded"])
        assert server.get(f"/{image_id}").content == JPEG


def test_an_unknown_version_is_learned_from_the_shards_at_once(own_world):
    with read_service(own_world, topology_poll=60) as server:
        own_world.versions, own_world.revision = (0, 1), 2
        own_world.publish(file=False)
        image_id = id_make(kind=Kind.PUBLIC, version=1)
        own_world.put(image_id, "original", JPEG)
        assert server.get(f"/{image_id}").content == JPEG


def test_a_reader_without_any_file_starts_from_a_seed(own_world):
    image_id = own_world.image()
    own_world.topology_file.unlink()
    with read_service(own_world, seed_shards=f"a1={own_world.urls['a1']}") as server:
        assert server.get(f"/{image_id}").content == JPEG
        server.until(own_world.topology_file.exists)


def test_what_is_being_sent_is_sent_to_the_end_when_the_service_stops(own_world):
    image_id = own_world.image(LARGE)
    with (
        read_service(own_world) as server,
        server.client.stream("GET", f"/{image_id}") as answer,
        ThreadPoolExecutor(1) as pool,
    ):
        pieces = answer.iter_bytes(65536)
        received = next(pieces)
        stopping = pool.submit(server.running.stop)
        received += b"".join(pieces)
        stopping.result()
    assert received == LARGE


def test_the_access_log_is_one_line_of_json_per_request(world, server):
    image_id = world.image()
    server.get(f"/{image_id}?secret=1")
    server.until(lambda: str(image_id) in server.log)
    [line] = [line for line in server.log.splitlines() if str(image_id) in line]
    assert '"status":200' in line
    assert "secret" not in line
