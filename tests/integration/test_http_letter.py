"""HTTP to the letter, by the read service as it runs: each test names the section it holds."""

from email.utils import formatdate

import pytest

from tests.integration.reader_server import directory_world, read_service
from webapp.core.ids import Kind

BODY = b"0123456789"
OTHER = '"other"'


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return directory_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def server(world):
    with read_service(world) as running:
        yield running


@pytest.fixture(scope="module")
def image(world):
    image = world.image(BODY)
    for file in ("w320.webp", "w320.jpg"):
        world.rendition(image, file)
    return image


@pytest.fixture(scope="module")
def known(server, image):
    """What a client knows of an original that it has: its tag and date, by the words below."""
    headers = server.get(f"/{image}").headers
    modified = headers["last-modified"]
    return {
        "TAG": headers["etag"],
        "WEAK": f"W/{headers['etag']}",
        "DATE": modified,
        "BEFORE": formatdate(0, usegmt=True),
        "AFTER": formatdate(4_000_000_000, usegmt=True),
    }


def filled(headers, known):
    """Return headers in which the words of ``known`` stand for what it says."""
    found = {}
    for name, value in headers.items():
        for word, text in known.items():
            value = value.replace(word, text)  # noqa: PLW2901 - word by word
        found[name] = value
    return found


# Methods: RFC 9110 sections 9.1, 9.3.2, 10.2.1 and 15.5.6


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_other_methods_are_answered_with_those_that_are_allowed(server, image, method):
    """RFC 9110 section 15.5.6: 405 MUST carry Allow."""
    answer = server.client.request(method, f"/{image}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/IMAGE",
        "/IMAGE.jpg",
        "/IMAGE/w320.webp",
        "/IMAGE/w320",
        "/IMAGE/w800.webp",
        "/IMAGE/private",
        "/nonsense",
        "/healthz",
    ],
)
def test_head_equals_get_in_every_header(server, image, path):
    """RFC 9110 section 9.3.2: the same header fields, and no content."""
    path = path.replace("IMAGE", str(image))
    server.get(path)  # so that both come from memory
    got, head = server.get(path), server.client.head(path)
    assert head.content == b""
    assert head.status_code == got.status_code
    without_date = [[h for h in answer.headers.items() if h[0] != "date"] for answer in (got, head)]
    assert without_date[0] == without_date[1]


# Conditions: RFC 9110 section 13

CONDITIONS = [
    # 13.1.1, with strong comparison
    ({"if-match": "TAG"}, 200),
    ({"if-match": "*"}, 200),
    ({"if-match": f"{OTHER}, TAG"}, 200),
    ({"if-match": OTHER}, 412),
    ({"if-match": "WEAK"}, 412),
    # 13.1.2, with weak comparison
    ({"if-none-match": "TAG"}, 304),
    ({"if-none-match": "WEAK"}, 304),
    ({"if-none-match": f"{OTHER},,TAG ,"}, 304),
    ({"if-none-match": "*"}, 304),
    ({"if-none-match": OTHER}, 200),
    ({"if-none-match": "TAG-without-quotes"}, 200),
    # 13.1.3
    ({"if-modified-since": "DATE"}, 304),
    ({"if-modified-since": "AFTER"}, 304),
    ({"if-modified-since": "BEFORE"}, 200),
    ({"if-modified-since": "yesterday"}, 200),
    ({"if-modified-since": "Sun, 06 Nov 2094 08:49:37 +0100"}, 200),
    # 13.1.4
    ({"if-unmodified-since": "DATE"}, 200),
    ({"if-unmodified-since": "BEFORE"}, 412),
    ({"if-unmodified-since": "yesterday"}, 200),
    # 13.2.2: the order, and which fields are then passed over
    ({"if-match": "TAG", "if-unmodified-since": "BEFORE"}, 200),
    ({"if-match": OTHER, "if-none-match": "TAG"}, 412),
    ({"if-match": "TAG", "if-none-match": "TAG"}, 304),
    ({"if-none-match": OTHER, "if-modified-since": "AFTER"}, 200),
    ({"if-none-match": "TAG", "if-modified-since": "BEFORE"}, 304),
    ({"if-unmodified-since": "BEFORE", "if-none-match": "TAG"}, 412),
    ({"if-none-match": "TAG", "range": "bytes=0-1"}, 304),
    ({"if-match": OTHER, "range": "bytes=0-1"}, 412),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("headers", "status"), CONDITIONS)
def test_conditions_are_decided_in_their_order(server, image, known, method, headers, status):
    """RFC 9110 sections 13.1 and 13.2.2."""
    answer = server.client.request(method, f"/{image}", headers=filled(headers, known))
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/IMAGE", "/IMAGE/w320.webp", "/IMAGE/w320"])
def test_not_modified_carries_what_a_cache_has_to_update(server, image, path):
    """RFC 9110 section 15.4.5: Cache-Control, ETag, Vary as in the 200, and no content."""
    path = path.replace("IMAGE", str(image))
    whole = server.get(path)
    answer = server.get(path, headers={"if-none-match": whole.headers["etag"]})
    assert (answer.status_code, answer.content) == (304, b"")
    for name in ("cache-control", "etag", "vary"):
        assert answer.headers.get(name) == whole.headers.get(name)
    assert "content-type" not in answer.headers


# Ranges: RFC 9110 section 14

RANGES = [
    ("bytes=0-3", "bytes 0-3/10", b"0123"),
    ("bytes=3-", "bytes 3-9/10", b"3456789"),
    ("bytes=-3", "bytes 7-9/10", b"789"),
    ("bytes=-99", "bytes 0-9/10", BODY),
    ("bytes=8-99", "bytes 8-9/10", b"89"),
    ("BYTES=0-0", "bytes 0-0/10", b"0"),
]


@pytest.mark.parametrize(("text", "content_range", "body"), RANGES)
def test_one_range_is_sent(server, image, text, content_range, body):
    """RFC 9110 sections 14.1.2 and 15.3.7."""
    answer = server.get(f"/{image}", headers={"range": text})
    assert (answer.status_code, answer.content) == (206, body)
    assert answer.headers["content-range"] == content_range
    assert answer.headers["content-length"] == str(len(body))


@pytest.mark.parametrize("text", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_outside_says_how_long_the_whole_is(server, image, text):
    """RFC 9110 section 15.5.17."""
    answer = server.get(f"/{image}", headers={"range": text})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")


@pytest.mark.parametrize("text", ["bytes=3-1", "bytes=a-b", "lines=0-1", "bytes=0-1,3-4", "bytes"])
def test_a_range_that_is_none_or_several_is_answered_with_the_whole(server, image, text):
    """RFC 9110 section 14.2: a server MAY ignore Range, and MUST ignore units it does not know."""
    answer = server.get(f"/{image}", headers={"range": text})
    assert (answer.status_code, answer.content) == (200, BODY)


def test_a_range_is_for_get_alone(server, image):
    """RFC 9110 section 14.2."""
    assert server.client.head(f"/{image}", headers={"range": "bytes=0-1"}).status_code == 200


@pytest.mark.parametrize(
    ("if_range", "status"),
    [("TAG", 206), ("DATE", 206), ("WEAK", 200), (OTHER, 200), ("AFTER", 200), ("BEFORE", 200)],
)
def test_if_range_holds_for_the_very_same_bytes(server, image, known, if_range, status):
    """RFC 9110 section 13.1.5: strong comparison, or exactly the date that was sent."""
    headers = filled({"range": "bytes=0-1", "if-range": if_range}, known)
    assert server.get(f"/{image}", headers=headers).status_code == status


def test_a_rendition_has_no_ranges(server, image):
    """RFC 9110 section 14.3: what may differ by bytes does not offer parts."""
    answer = server.get(f"/{image}/w320.webp", headers={"range": "bytes=0-1"})
    assert (answer.status_code, answer.headers.get("accept-ranges")) == (200, None)


# Negotiation: RFC 9110 section 12

ACCEPTS = [
    ("image/webp,*/*;q=0.8", "image/webp"),
    ("image/webp;q=0.5,image/jpeg;q=0.9", "image/jpeg"),
    ("image/webp;q=0,image/*", "image/jpeg"),
    ("*/*", "image/jpeg"),
    ("image/webp;q=1.0001,image/jpeg", "image/webp"),
    ("text/html", "image/jpeg"),
]


@pytest.mark.parametrize(("accept", "content_type"), ACCEPTS)
def test_the_type_a_client_likes_best_is_sent(server, image, accept, content_type):
    """RFC 9110 sections 12.4.2, 12.5.1 and 12.5.5."""
    answer = server.get(f"/{image}/w320", headers={"accept": accept})
    assert (answer.headers["content-type"], answer.headers["vary"]) == (content_type, "accept")


# Caching: RFC 9111


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/IMAGE", "public, max-age=31536000, s-maxage=86400, immutable"),
        ("/IMAGE/w320", "private, max-age=86400"),
        ("/nonsense", "no-store"),
    ],
)
def test_who_may_keep_an_answer_is_said(server, image, path, expected):
    """RFC 9111 section 5.2.2."""
    answer = server.get(path.replace("IMAGE", str(image)))
    assert answer.headers["cache-control"] == expected


def test_a_signed_answer_is_kept_no_longer_than_its_link_is_good(server, world):
    """RFC 9111 sections 5.2.2.1 and 5.2.2.7."""
    signed = world.image(BODY, kind=Kind.SIGNED)
    answer = server.get(world.links(seconds=100).original(str(signed), "image/jpeg"))
    scope, _, age = answer.headers["cache-control"].partition(", max-age=")
    assert (answer.status_code, scope, int(age) <= 100) == (200, "private", True)
