"""Reading through the edge: what it keeps, for whom, for how long, and what it never does."""

import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.local.servers.nginx import LIMITS
from tests.integration.edge_world import SECONDS, edge_run
from tests.processes import wait_until
from tests.unit.webapp.reader.world import JPEG
from webapp.core.ids import Kind
from webapp.reader.blobs import WHOLE_BYTES
from webapp.reader.headers import PUBLIC

pytestmark = pytest.mark.real

LARGE = bytes(range(256)) * (WHOLE_BYTES // 256 + 8192)
CLIENTS = 12
READERS_SECONDS, EDGE_SECONDS = 5, 65


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    with edge_run(tmp_path_factory.mktemp("edge")) as running:
        yield running


def test_a_public_image_is_asked_for_once(edge):
    path, before = f"/{edge.world.image(b'once')}", edge.asked()
    answers = [edge.get(path) for _ in range(3)]
    assert [answer.headers["x-edge-cache"] for answer in answers] == ["MISS", "HIT", "HIT"]
    assert edge.asked() - before == 1


def test_many_clients_of_a_large_original_cost_one_request(edge):
    path, before = f"/{edge.world.image(LARGE)}", edge.asked()
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(lambda _: edge.get(path, timeout=SECONDS), range(CLIENTS)))
    assert all(answer.content == LARGE for answer in answers)
    assert edge.asked() - before == 1


def test_clients_hear_what_the_reader_said_of_caching(edge):
    path = f"/{edge.world.image()}"
    answers = [edge.get(path) for _ in range(2)]
    assert {answer.headers["cache-control"] for answer in answers} == {PUBLIC}
    assert "x-shoebox-cache-control" not in answers[0].headers


@pytest.mark.parametrize("path", ["", ".jpg", "/w320.webp"])
def test_head_says_what_get_says(edge, path):
    """RFC 9110 section 9.3.2."""
    image = edge.world.image()
    edge.world.rendition(image, "w320.webp")
    edge.get(f"/{image}{path}")
    got, head = (getattr(edge.client, verb)(f"/{image}{path}") for verb in ("get", "head"))
    differing = {"date", "connection"}
    assert {k: v for k, v in got.headers.items() if k not in differing} == {
        k: v for k, v in head.headers.items() if k not in differing
    }


def test_a_known_tag_is_answered_by_the_edge_itself(edge):
    path = f"/{edge.world.image()}"
    tag = edge.get(path).headers["etag"]
    answer = edge.get(path, headers={"if-none-match": f'"other", {tag}'})
    assert (answer.status_code, answer.headers["x-edge-cache"]) == (304, "HIT")
    assert answer.headers["cache-control"] == PUBLIC

    # nginx writes its line after the answer; "-" where it says what a reader answered.
    def asked_nobody():
        return [line for line in edge.log.splitlines() if f"{path} 304 0 HIT - " in line]

    wait_until(asked_nobody, seconds=SECONDS, what="the request in the log")


@pytest.mark.parametrize("warm", [False, True], ids=["first", "kept"])
def test_a_range_is_cut_from_the_whole(edge, warm):
    path = f"/{edge.world.image(LARGE)}"
    if warm:
        edge.get(path)
    answer = edge.get(path, headers={"range": "bytes=-7"})
    assert (answer.status_code, answer.content) == (206, LARGE[-7:])


def test_a_list_of_ranges_is_answered_with_the_whole(edge):
    answer = edge.get(f"/{edge.world.image()}", headers={"range": "bytes=0-1,3-4"})
    assert (answer.status_code, answer.content) == (200, JPEG)


def test_a_signed_image_is_for_nobody_without_the_signature(edge):
    image = edge.world.image(kind=Kind.SIGNED)
    link = edge.world.links().original(str(image), "image/jpeg")
    assert edge.get(link).content == JPEG
    for wrong in (f"/{image}", f"/{image}.jpg", link[:-2]):
        assert edge.get(wrong).status_code == 403
    assert edge.get(link).headers["cache-control"].startswith("private")


def test_no_signature_is_in_the_log(edge):
    image = edge.world.image(kind=Kind.SIGNED)
    link = edge.world.links().original(str(image), "image/jpeg")
    edge.get(link)
    edge.get(link.replace("?", "%3F"))
    wait_until(lambda: str(image) in edge.log, seconds=SECONDS, what="the request in the log")
    service_log = edge.nginx.directory / "nginx.log"
    assert "sig=" not in edge.log + service_log.read_text(encoding="utf-8")


def test_a_request_without_a_host_is_refused(edge):
    """RFC 9112 section 3.2."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=SECONDS) as connection:
        connection.sendall(f"GET /{edge.world.image()} HTTP/1.1\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")


def test_http_2_is_spoken_over_tls(edge):
    """RFC 9113 section 3.2."""
    url = f"https://127.0.0.1:{edge.nginx.tls_port}/{edge.world.image()}"
    words = ["curl", "--silent", "--insecure", "--http2", "--write-out", "\n%{http_version}", url]
    try:
        said = subprocess.run([*words, "--include"], capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("curl is not installed")
    assert said.endswith(b"\n2")
    assert b"strict-transport-security: max-age=" in said


@pytest.mark.parametrize(
    ("path", "status"), [("/metrics", 404), ("/" + "a" * 40_000, 414)], ids=["404", "414"]
)
def test_what_nginx_says_by_itself_is_harmless_too(edge, path, status):
    answer = edge.get(path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_no_header_of_safety_is_there_twice(edge):
    for path in (f"/{edge.world.image()}", "/nonsense"):
        names = [name.lower() for name, _ in edge.get(path).headers.raw]
        assert names.count(b"content-security-policy") == 1


def test_it_keeps_an_answer_no_longer_than_a_delete_may_take():
    fresh, stale, on_error = map(int, re.findall(r"=(\d+)", LIMITS["EDGE_FRESHNESS"]))
    assert fresh + max(stale, on_error) + READERS_SECONDS < EDGE_SECONDS


def test_every_reader_forgets_a_deleted_image(edge):
    path = f"/{edge.world.image()}"
    for reader in edge.readers:
        assert [reader.get(path).headers["x-cache"] for _ in range(2)] == ["shard", "memory"]
    edge.world.delete(path[1:])
    for reader in edge.readers:
        gone = reader.until(lambda r=reader: r.get(path).status_code == 410, seconds=SECONDS)
        assert gone < READERS_SECONDS


def test_a_deleted_image_is_gone_from_the_edge(tmp_path):
    brief = "max-age=1, stale-while-revalidate=1, stale-if-error=1"
    settings = {"topology_poll": 0.2}
    with edge_run(tmp_path, settings=settings, EDGE_FRESHNESS=brief) as edge:
        image = edge.world.image()
        path = f"/{image}"
        assert [edge.get(path).status_code for _ in range(2)] == [200, 200]
        edge.world.delete(str(image))
        wait_until(lambda: edge.get(path).status_code == 410, seconds=SECONDS, what="gone")
        for _ in range(20):
            assert edge.get(path).status_code == 410
