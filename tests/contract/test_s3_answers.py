"""What other stores than SeaweedFS answer, and what is made of it."""

from contextlib import contextmanager

import pytest

from tests.contract.blobs import get, put
from tests.contract.scripted_store import Answer, Request, scripted_store
from webapp.core.errors import ShardFullError, ShardUnavailableError
from webapp.storage.address import S3Address
from webapp.storage.s3 import AT_ONCE_BYTES, S3Store
from webapp.storage.s3_errors import Refusals, StoreRefusedError

KEY = "000/p00000000000000000000000/original"


@contextmanager
def store_answering(answer, **address):
    with scripted_store(answer) as endpoint:
        yield S3Store("scripted", S3Address(endpoint, "bucket", **address), ("key", "secret-key"))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(507),
        Answer(507, "InsufficientStorage"),
        Answer(403, "QuotaExceeded"),
        Answer(507, "XMinioStorageFull"),
    ],
)
def test_a_store_without_room_is_full(answer):
    with store_answering(lambda _: answer) as store, pytest.raises(ShardFullError):
        put(store, KEY, b"picture")


def test_a_store_that_refuses_every_blob_and_reads_on_is_full():
    def answer(request):
        return Answer(500, "InternalError") if request.method == "PUT" else Answer(404, "NoSuchKey")

    with store_answering(answer) as store:
        store._refusals.SECONDS = 0.0
        for _ in range(Refusals.IN_A_ROW - 1):
            with pytest.raises(StoreRefusedError):
                put(store, KEY, b"picture")
        with pytest.raises(ShardFullError):
            put(store, KEY, b"picture")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, "AccessDenied"),
        Answer(404, "NoSuchBucket"),
        Answer(404),
        Answer(301, "PermanentRedirect"),
        Answer(500, "InternalError"),
        Answer(503, "SlowDown"),
        Answer(400, "AuthorizationHeaderMalformed"),
    ],
)
def test_any_other_refusal_says_nothing_about_the_blob(answer):
    with store_answering(lambda _: answer) as store:
        with pytest.raises(ShardUnavailableError) as caught:
            get(store, KEY)
        assert not isinstance(caught.value, ShardFullError)
        with pytest.raises(ShardUnavailableError):
            store.stat(KEY)


def test_an_answer_that_is_not_s3_is_unreachable():
    with (
        store_answering(lambda _: Answer(200, body=b"<html>a hotel's network</html>")) as store,
        pytest.raises(ShardUnavailableError),
    ):
        list(store.keys())


def test_a_store_that_ignores_ranges_is_unreachable():
    with (
        store_answering(lambda _: Answer(200, body=b"0123456789")) as store,
        pytest.raises(ShardUnavailableError, match="ranges"),
    ):
        get(store, KEY, start=2, end=4)


def test_a_body_that_is_cut_off_is_unreachable():
    headers = {"Content-Length": "1000"}
    with (
        store_answering(lambda _: Answer(200, body=b"short", headers=headers)) as store,
        pytest.raises(ShardUnavailableError),
    ):
        get(store, KEY)


class Forgetful:
    """A store that compares no checksum, lets anybody in, and may change what it keeps."""

    def __init__(self, *, rot=lambda data: data) -> None:
        self.blobs: dict[str, Answer] = {}
        self.requests: list[Request] = []
        self.rot = rot

    def __call__(self, request: Request) -> Answer:
        self.requests.append(request)
        if request.method == "PUT":
            label = {n: v for n, v in request.headers.items() if n.startswith("x-amz-meta-")}
            self.blobs[request.path] = Answer(body=self.rot(request.body), headers=label)
            return Answer()
        if request.method == "DELETE":
            self.blobs.pop(request.path, None)
            return Answer(204)
        if request.path.strip("/") == "bucket":
            return Answer()
        kept = self.blobs.get(request.path, Answer(404, "NoSuchKey"))
        return part_of(kept, request.headers.get("range"))


def part_of(kept: Answer, span: str | None) -> Answer:
    if span is None:
        return kept
    first, last = (int(number) for number in span.removeprefix("bytes=").split("-"))
    headers = {**kept.headers, "Content-Range": f"bytes {first}-{last}/{len(kept.body)}"}
    return Answer(206, body=kept.body[first : last + 1], headers=headers)


def test_a_store_that_takes_a_wrong_checksum_is_read_back():
    forgetful = Forgetful()
    with store_answering(forgetful) as store:
        put(store, KEY, b"picture")
    assert forgetful.requests[-1].method == "GET"
    assert list(forgetful.blobs) == [f"/bucket/{KEY}"]


def test_a_blob_that_comes_back_changed_is_not_accepted_and_not_left():
    forgetful = Forgetful(rot=lambda data: data[:-1] + b"?")
    with store_answering(forgetful) as store, pytest.raises(ShardUnavailableError, match="other"):
        put(store, KEY, b"picture")
    assert forgetful.blobs == {}


def test_no_conditional_header_is_sent():
    forgetful = Forgetful()
    with store_answering(forgetful) as store:
        put(store, KEY, b"picture")
    assert not any("if-none-match" in request.headers for request in forgetful.requests)


def test_only_of_a_large_body_the_store_is_asked_first():
    forgetful = Forgetful()
    with store_answering(forgetful) as store:
        put(store, KEY, b"p" * AT_ONCE_BYTES)
        put(store, KEY, b"p" * (AT_ONCE_BYTES + 1))
    puts = [request for request in forgetful.requests if request.path == f"/bucket/{KEY}"]
    asked = {len(r.body): "expect" in r.headers for r in puts if r.method == "PUT"}
    assert asked == {AT_ONCE_BYTES: False, AT_ONCE_BYTES + 1: True}


def test_checksum_headers_are_not_sent_to_a_store_that_refuses_them():
    forgetful = Forgetful()
    with store_answering(forgetful, checksum="when_required") as store:
        put(store, KEY, b"picture")
    names = {name for request in forgetful.requests for name in request.headers}
    assert not any(name.startswith(("x-amz-checksum", "x-amz-sdk-checksum")) for name in names)


def test_bytes_changed_on_the_way_are_the_shards_fault_not_the_sources():
    def refuse(request) -> Answer:
        return Answer(400, "BadDigest") if request.method == "PUT" else Answer()

    with (
        store_answering(refuse) as store,
        pytest.raises(ShardUnavailableError, match="BadDigest"),
    ):
        put(store, KEY, b"picture")


def test_the_clock_of_a_store_is_its_date_header():
    date = "Sun, 22 Nov 2026 21:22:32 GMT"
    with store_answering(lambda _: Answer(headers={"Date": date})) as store:
        assert store.clock() == 1795382552


def test_a_store_without_a_date_header_shows_no_clock():
    with store_answering(lambda _: Answer()) as store:
        assert store.clock() is None


def test_personal_settings_of_the_user_play_no_part(monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[profile other]\ns3 =\n    addressing_style = virtual\n")
    monkeypatch.setenv("AWS_PROFILE", "missing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with store_answering(Forgetful()) as store:
        put(store, KEY, b"picture")
