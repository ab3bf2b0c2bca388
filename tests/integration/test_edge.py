"""The nginx edge in front of stand-ins that say who they are and what may be kept."""

import gzip
import re
import string
import subprocess
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from config.local.ports import free_port_block
from config.local.runner import started
from config.local.servers import Nginx
from config.local.servers.nginx import MAIN, TEMPLATE
from config.local.servers.programs import find_program
from config.local.service import MissingServerError
from config.local.shoebox import ROOT

pytestmark = pytest.mark.real

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
PUBLIC = "public, max-age=31536000, s-maxage=86400, immutable"
IMAGE = "p001" + "0" * 20
EVENTS = "/api/v1/events"
STYLE = b"a { color: red; }\n" * 200
HELLO = b"event: hello\ndata: {}\n\n"


class StandIn(ThreadingHTTPServer):
    """A service that counts what reaches it and answers with its own port."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.cache_control = PUBLIC
        self.seen = []
        self.headers = []
        self.hangs_up = False
        self.over = threading.Event()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.server.hangs_up:
            self.close_connection = True
            return
        self.server.seen.append(self.path)
        self.server.headers.append(dict(self.headers.items()))
        if self.path == EVENTS:
            self._begin_stream()
            return
        if self.path.endswith(".css"):
            self._answer(STYLE, content_type="text/css")
            return
        self._answer(str(self.server.server_port).encode())

    def _begin_stream(self):
        """Say one thing, and nothing more until the test is over."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(HELLO)
        self.server.over.wait(timeout=30)

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self._answer(str(len(self.rfile.read(size))).encode())

    def _answer(self, body, *, content_type="image/jpeg"):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("ETag", '"1"')
        self.send_header("Cache-Control", self.server.cache_control)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Stay silent."""


@pytest.fixture
def stand_ins():
    servers = [StandIn() for _ in range(4)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield servers
    for server in servers:
        server.over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def edge(tmp_path, stand_ins):
    port = free_port_block(4)
    ports = [server.server_port for server in stand_ins]
    server = Nginx(
        directory=tmp_path / "nginx",
        write_port=port,
        read_port=port + 1,
        writers=tuple(ports[:2]),
        readers=tuple(ports[2:]),
        inner_port=port + 2,
        tls_port=port + 3,
    )
    try:
        service = server.service()
    except MissingServerError as missing:
        pytest.skip(str(missing))
    with started(service):
        yield server


def ask(port, path, *, method="GET", body=None):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=body)
    answer = connection.getresponse()
    result = (answer.status, answer.read())
    connection.close()
    return result


def seen(stand_ins):
    return [path for server in stand_ins for path in server.seen]


def test_all_paths_of_an_image_reach_the_same_reader(edge):
    paths = [f"/{IMAGE}.jpg", f"/{IMAGE}/w800.webp", f"/{IMAGE}/thumb", f"/{IMAGE}"]
    assert len({ask(edge.read_port, path) for path in paths}) == 1


@pytest.mark.parametrize("path", [f"/{IMAGE}.jpg", "/nonsense"], ids=["kept", "passed on"])
def test_a_reader_hears_what_was_asked_for_on_a_connection_that_stays(edge, stand_ins, path):
    ask(edge.read_port, path)
    [headers] = [headers for server in stand_ins for headers in server.headers]
    assert headers["Host"] == f"127.0.0.1:{edge.read_port}"
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert "Connection" not in headers


def test_images_are_spread_over_the_readers(edge):
    names = [f"/p001{number:020}.jpg" for number in range(40)]
    assert len({ask(edge.read_port, name) for name in names}) == 2


def test_a_public_image_is_asked_for_once(edge, stand_ins):
    for _ in range(3):
        ask(edge.read_port, f"/{IMAGE}.jpg")
    assert seen(stand_ins) == [f"/{IMAGE}.jpg"]


@pytest.mark.parametrize("private", ["no-store", "private, max-age=86400"])
def test_what_is_private_is_not_kept(edge, stand_ins, private):
    for server in stand_ins:
        server.cache_control = private
    for _ in range(2):
        ask(edge.read_port, f"/{IMAGE}.jpg")
    assert len(seen(stand_ins)) == 2


def test_a_signed_image_is_never_kept(edge, stand_ins):
    for _ in range(2):
        ask(edge.read_port, f"/s{IMAGE[1:]}.jpg?exp=1&sig=x")
    assert len(seen(stand_ins)) == 2


@pytest.mark.parametrize("part", ["private", "w640h480fit.webp", "h9crop.jpg", "w9fit.avif"])
def test_what_needs_a_signature_of_a_public_image_is_never_kept(edge, stand_ins, part):
    """Nor does one wait for another, as those do that fill the cache."""
    for _ in range(2):
        ask(edge.read_port, f"/{IMAGE}/{part}?exp=1&sig=x")
    assert len(seen(stand_ins)) == 2


@pytest.mark.parametrize("part", ["/w800.webp", "/thumb.jpg", ".jpg", ""])
def test_what_needs_none_is_kept(edge, stand_ins, part):
    for _ in range(2):
        ask(edge.read_port, f"/{IMAGE}{part}")
    assert len(seen(stand_ins)) == 1


def test_a_link_that_downloads_is_kept_apart(edge, stand_ins):
    ask(edge.read_port, f"/{IMAGE}.jpg")
    ask(edge.read_port, f"/{IMAGE}.jpg?download=name.jpg")
    assert len(seen(stand_ins)) == 2


def test_an_upload_of_64_mib_goes_through(edge):
    body = bytes(64 * 1024 * 1024)
    assert ask(edge.write_port, "/api/v1/images", method="POST", body=body) == (
        200,
        str(len(body)).encode(),
    )


def test_an_event_is_passed_on_before_the_next_one_comes(edge):
    connection = HTTPConnection("127.0.0.1", edge.write_port, timeout=10)
    connection.request("GET", EVENTS)
    assert connection.getresponse().read(len(HELLO)) == HELLO
    connection.close()


def test_a_reader_that_hangs_up_is_replaced_by_the_other(edge, stand_ins):
    first = int(ask(edge.read_port, f"/{IMAGE}.jpg")[1])
    for server in stand_ins:
        server.hangs_up = server.server_port == first
    status, body = ask(edge.read_port, f"/{IMAGE}.png")
    assert (status, int(body) != first) == (200, True)


@pytest.mark.parametrize(
    ("path", "said"),
    [("/api/v1/images", b'"code":"busy"'), ("/api/v1/me", b'"code":"busy"'), ("/", b"<h1>Not at")],
)
def test_no_write_service_at_all_is_a_moment_and_no_page_of_nginx(edge, stand_ins, path, said):
    for server in stand_ins[:2]:
        server.hangs_up = True
    status, body = ask(edge.write_port, path)
    assert (status, said in body, b"nginx" in body) == (503, True, False)


def test_nginx_understands_what_compose_fills_in(tmp_path):
    values = dict(COMPOSE["services"]["nginx"]["environment"])
    values |= {"EDGE_CACHE": "cache", "EDGE_WRITE_TLS": "", "EDGE_READ_TLS": ""}
    text = string.Template(TEMPLATE.read_text(encoding="utf-8")).safe_substitute(values)
    # No name of a container is known here.
    text = re.sub(r"server (write|read)\d:", "server 127.0.0.1:", text)
    (tmp_path / "edge.conf").write_text(text, encoding="utf-8")
    (tmp_path / "nginx.conf").write_text(MAIN.substitute(user=""), encoding="utf-8")
    if (nginx := find_program("nginx", "/usr/sbin")) is None:
        pytest.skip("nginx is not installed")
    words = (str(nginx), "-e", "stderr", "-p", str(tmp_path), "-c", "nginx.conf", "-t")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_text_is_compressed_for_who_takes_it(edge):
    connection = HTTPConnection("127.0.0.1", edge.write_port, timeout=10)
    connection.request("GET", "/static/page.css", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(answer.read()) == STYLE
    connection.close()


def test_what_is_changed_by_its_tag_keeps_its_tag(edge):
    """RFC 9110 section 13.1.1: If-Match compares strongly, and compression weakens."""
    connection = HTTPConnection("127.0.0.1", edge.write_port, timeout=10)
    path = f"/api/v1/images/{IMAGE}.css"
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    assert connection.getresponse().getheader("ETag") == '"1"'
    connection.close()


@pytest.mark.parametrize("port", ["write_port", "read_port"])
def test_metrics_are_not_for_the_outside(edge, port):
    assert ask(getattr(edge, port), "/metrics")[0] == 404
