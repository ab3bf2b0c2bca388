"""Requests that lie about their length, have no end, or more of everything than anybody needs."""

import itertools

import pytest

from bench.fuzz.memory import MEBIBYTE, resident_bytes
from tests import samples
from tests.hostile.aftermath import Traces
from tests.hostile.line import Line, chunked
from tests.processes import wait_until
from tests.unit.webapp.uploads import forms

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

BOUNDARY = forms.BOUNDARY.decode()
RAW = "/api/v1/images"
TUS = "/api/v1/tus/"
MANY = 100_000
ENDLESS_MIB = 70
MOST_GROWTH = 48 * MEBIBYTE
SOON = 10.0
TUS_HEADERS = {"Tus_Resumable": "1.0.0"}


@pytest.fixture
def line(embedded_system):
    return Line(embedded_system)


@pytest.fixture(autouse=True)
def nothing_is_kept(embedded_system):
    """Whatever a test sends: no row, no blob, no file, and no memory that stays taken."""
    pid = embedded_system.family("write")[0]
    before, memory = Traces.of(embedded_system), resident_bytes(pid)
    yield
    wait_until(lambda: Traces.of(embedded_system) == before, seconds=60, what=f"{before} as before")
    assert resident_bytes(pid) - memory < MOST_GROWTH
    assert embedded_system.is_up("write")


def form_head(line, length, *, boundary=BOUNDARY):
    kind = f"multipart/form-data; boundary={boundary}"
    return line.head(RAW, Content_Type=kind, Content_Length=length)


def form(line, body, **words):
    return line.ask(form_head(line, len(body), **words), [body])


def test_no_bytes_at_all_are_no_picture(line):
    empty = forms.form(forms.file_part(b""))
    assert line.ask(line.head(RAW, Content_Length=0)).status == 415
    assert form(line, empty).status == 415
    assert line.ask(line.head(TUS, Upload_Length=0, **TUS_HEADERS)).status == 415


@pytest.mark.parametrize("length", [10 * 1024**3, 10**18])
def test_ten_gigabytes_are_refused_before_any_of_them(line, length):
    heads = [
        line.head(RAW, Content_Length=length),
        form_head(line, length),
        line.head(TUS, Upload_Length=length, **TUS_HEADERS),
    ]
    answers = [line.ask(head) for head in heads]
    assert [answer.status for answer in answers] == [413] * 3
    assert max(answer.seconds for answer in answers) < SOON


def test_who_still_sends_hears_why_it_was_refused(line):
    with line.open() as connection:
        connection.sendall(line.head(RAW, Content_Length=ENDLESS_MIB * MEBIBYTE) + bytes(MEBIBYTE))
        said = connection.recv(64 * 1024)
        for _ in range(5):  # the connection is still taken from, or this is a broken pipe
            connection.sendall(bytes(1024))
    assert b" 413 " in said.partition(b"\r\n")[0]


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "\u0661", "9" * 400, "1, 2", ""])
def test_a_length_that_is_none_is_refused(line, length):
    said = line.ask(line.head(RAW, Content_Length=length.encode().decode("latin-1")))
    assert said.status in {400, 413, 415, 0}


def test_more_than_was_announced_is_not_part_of_it(line):
    body = samples.jpeg()
    said = line.ask(line.head(RAW, Content_Length=100, Connection="close"), [body])
    assert said.status == 422


def test_less_than_was_announced_is_no_upload(line):
    body = samples.jpeg()
    for head in (line.head(RAW, Content_Length=len(body) + 1), form_head(line, len(body) + 1)):
        assert line.ask(head, [body], then_close=True).status in {0, 400, 408}


def test_two_lengths_are_refused(line):
    head = line.head(RAW, Content_Length=5).replace(b"\r\n\r\n", b"\r\nContent-Length: 6\r\n\r\n")
    assert line.ask(head, [b"GIF89a"]).status in {400, 0}


def test_chunks_without_end_are_cut_off_at_the_limit(line):
    pieces = itertools.repeat(chunked(bytes(MEBIBYTE)), 4 * ENDLESS_MIB)
    said = line.ask(line.head(RAW, Transfer_Encoding="chunked"), pieces)
    assert said.status == 413
    assert said.sent < 2 * ENDLESS_MIB * MEBIBYTE


@pytest.mark.parametrize("path", [RAW, TUS, "/api/v1/imports", "/login"])
def test_chunks_that_are_none_are_refused(line, path):
    headers = {"Transfer_Encoding": "chunked", "Upload_Length": "9", **TUS_HEADERS}
    kind = "application/offset+octet-stream" if path == TUS else "application/json"
    for nonsense in (b"zz\r\nabc\r\n", b"fffffffffffffffff\r\nabc\r\n", b"-1\r\n\r\n", bytes(9)):
        head = line.head(path, Content_Type=kind, **headers)
        assert line.ask(head, [nonsense], then_close=True).status in {0, 400, 403}


def test_a_form_without_end_is_cut_off(line):
    part = forms.part(b"title", b"x" * 1000)
    pieces = itertools.repeat(chunked(part), MANY)
    kind = forms.CONTENT_TYPE
    said = line.ask(line.head(RAW, Content_Type=kind, Transfer_Encoding="chunked"), pieces)
    assert said.status == 400
    assert said.sent < 8 * MEBIBYTE


def test_100_000_headers_are_refused(line):
    many = b"".join(b"X-%d: y\r\n" % number for number in range(MANY))
    head = line.head(RAW, Content_Length=0).replace(b"\r\n\r\n", b"\r\n" + many + b"\r\n")
    said = line.ask(head)
    assert said.status in {400, 431, 0}
    assert said.seconds < SOON


def test_100_000_parts_are_refused(line):
    body = forms.form(*[forms.part(b"title", b"x")] * MANY)
    said = form(line, body)
    assert (said.status, said.seconds < SOON) == (400, True)


def test_100_000_headers_of_a_part_are_refused(line):
    many = [b"X-%d: y" % number for number in range(MANY)]
    assert form(line, forms.form(forms.part(b"file", b"x", *many, filename=b"a"))).status == 400


@pytest.mark.parametrize("boundary", ["another", "", "x" * 5000, "ü", '"', "a b"])
def test_a_wrong_boundary_is_refused(line, boundary):
    body = forms.form(forms.file_part(samples.jpeg()))
    assert form(line, body, boundary=boundary).status == 400


def test_a_boundary_inside_a_picture_ends_it(line):
    picture = samples.jpeg()
    body = forms.form(forms.file_part(picture[:500] + b"\r\n" + forms.END + picture[500:]))
    assert form(line, body).status in {400, 422}


def test_bytes_beyond_what_a_resumable_upload_has_are_refused(line):
    picture = samples.jpeg()
    kind = {"Content_Type": "application/offset+octet-stream", **TUS_HEADERS}
    head = line.head(TUS, Upload_Length=100, Content_Length=len(picture), **kind)
    assert line.ask(head, [picture]).status == 413
    head = line.head(TUS, Upload_Length=100, Transfer_Encoding="chunked", **kind)
    endless = itertools.repeat(chunked(bytes(MEBIBYTE)), ENDLESS_MIB)
    assert line.ask(head, endless).status in {413, 0}


def test_a_lie_about_a_resumable_upload_is_refused(line):
    kind = {"Content_Type": "application/offset+octet-stream", **TUS_HEADERS}
    for lie in (
        {"Upload_Length": "-5"},
        {"Upload_Length": "9" * 400},
        {"Upload_Length": "100", "Upload_Metadata": "filename " + "!" * 50},
        {"Upload_Length": "100", "Upload_Metadata": ",".join(f"k{n} eA==" for n in range(MANY))},
        {"Upload_Length": "100", "Upload_Checksum": "sha1 AAAA"},
    ):
        assert line.ask(line.head(TUS, Content_Length=1, **lie, **kind), [b"x"]).status in {
            0,
            400,
            413,
            431,
        }
