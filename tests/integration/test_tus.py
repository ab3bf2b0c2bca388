"""tus 1.0.0, extension by extension, against a write service as it runs."""

from email.utils import parsedate_to_datetime

import pytest

from tests.integration.tus_caller import (
    TUS,
    checksum_of,
    digest_of,
    metadata_of,
    noise_picture,
    tus_services,
)
from tests.unit.webapp.uploads.tus.places import make_old

pytestmark = pytest.mark.real

DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    with tus_services(tmp_path_factory.mktemp("tus")) as running:
        yield running


@pytest.fixture(scope="module")
def tus(services):
    return services.first


@pytest.fixture(scope="module")
def stranger(services):
    return services.user("stranger")


@pytest.fixture
def data():
    return noise_picture()


def code_of(answer):
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer.json()["code"]


# Creation


def test_a_new_upload_has_an_address_where_it_begins_at_nought(tus):
    created = tus.create(100, title="Sea")
    told = tus.head(created.headers["Location"])
    assert (created.status_code, created.content, told.status_code) == (201, b"", 200)
    assert told.headers["Upload-Offset"] == "0"
    assert told.headers["Upload-Length"] == "100"
    assert told.headers["Upload-Metadata"] == metadata_of({"title": "Sea"})
    assert told.headers["Cache-Control"] == "no-store"


def test_what_is_too_large_is_refused_before_any_byte(tus):
    refused = tus.create(10 * 1024**3)
    assert (refused.status_code, code_of(refused)) == (413, "too-large")
    assert refused.json()["limit"] == int(tus("OPTIONS").headers["Tus-Max-Size"])


def test_a_kind_that_does_not_exist_is_refused_before_any_byte(tus):
    refused = tus.create(100, kind="secret")
    assert (refused.status_code, code_of(refused)) == (400, "malformed-request")


def test_what_would_not_fit_the_quota_is_refused_before_any_byte(services, stranger):
    services.quota("stranger", 1000)
    refused = stranger.create(1001)
    assert (refused.status_code, code_of(refused)) == (507, "quota-exceeded")


# The core


def test_an_upload_in_pieces_becomes_the_image_it_is(tus, data):
    url = tus.begin(data, filename="sea.png", filetype="text/html", title="Sea", kind="s")
    first = tus.patch(url, data[:300_000], offset=0)
    last = tus.patch(url, data[300_000:], offset=300_000)
    image = tus.image(last)
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "300000")
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(data)))
    assert (image["source_digest"], image["filename"]) == (digest_of(data), "sea.png")
    assert (image["title"], image["kind"], len(image["replicas"]["stored"]) >= 2) == (
        "Sea",
        "s",
        True,
    )


def test_a_finished_upload_goes_on_telling_its_image(tus, data):
    url = tus.begin(data)
    finished = tus.patch(url, data, offset=0)
    told = tus.head(url)
    again = tus.patch(url, b"", offset=len(data))
    images = {a.headers["X-Shoebox-Image"] for a in (finished, told, again)}
    assert (len(images), told.headers["Upload-Offset"]) == (1, str(len(data)))


def test_nothing_of_a_finished_upload_stays_in_the_spool(services, tus, data):
    url = tus.begin(data)
    lies = services.bytes_of(url).exists()
    tus.patch(url, data, offset=0)
    left = list(services.about_of(url).parents[3].glob("upload-*"))
    assert (lies, services.bytes_of(url), left) == (True, None, [])


def test_the_same_picture_again_is_the_same_image(tus, data):
    first, second = (tus.patch(tus.begin(data), data, offset=0) for _ in range(2))
    assert "X-Shoebox-Duplicate" not in first.headers
    assert second.headers["X-Shoebox-Duplicate"] == "true"
    assert first.headers["X-Shoebox-Image"] == second.headers["X-Shoebox-Image"]


def test_another_offset_is_a_conflict_that_tells_the_right_one(tus, data):
    url = tus.begin(data, sent=1000)
    refused = tus.patch(url, data[2000:], offset=2000)
    assert (refused.status_code, code_of(refused)) == (409, "conflict")
    assert (refused.json()["offset"], tus.offset(url)) == (1000, 1000)


def test_more_than_was_announced_is_refused_unread(tus, data):
    url = tus.begin(data, sent=1000)
    refused = tus.patch(url, data[1000:] + b"!", offset=1000)
    assert (refused.status_code, code_of(refused), tus.offset(url)) == (413, "too-large", 1000)


def test_bytes_of_another_type_are_refused_and_the_upload_goes_on(tus, data):
    url = tus.begin(data)
    refused = tus.patch(url, data, offset=0, Content_Type="image/png")
    assert (refused.status_code, code_of(refused)) == (415, "malformed-request")
    assert tus.patch(url, data, offset=0).status_code == 204


def test_another_version_changes_nothing(tus, data):
    url = tus.begin(data)
    refused = tus.patch(url, data, offset=0, Tus_Resumable="0.2.2")
    assert (refused.status_code, refused.headers["Tus-Version"]) == (412, "1.0.0")
    assert tus.offset(url) == 0


def test_a_post_may_stand_for_a_patch(tus, data):
    url = tus.begin(data)
    headers = {
        "X-HTTP-Method-Override": "PATCH",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    answer = tus("POST", url, content=data, headers=headers)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(len(data)))


def test_what_is_no_picture_is_refused_at_its_last_byte_and_gone(services, tus):
    url = tus.begin(b"x" * 100, sent=99)
    refused = tus.patch(url, b"x", offset=99)
    afterwards = tus.patch(url, b"x", offset=99)
    assert (refused.status_code, code_of(refused)) == (415, "unsupported-type")
    assert (afterwards.status_code, tus.head(url).status_code) == (410, 410)
    assert afterwards.json()["reason"] == "unsupported-type"
    assert services.bytes_of(url) is None


def test_a_picture_that_was_cut_short_is_refused(tus, data):
    url = tus.begin(data[:-100])
    refused = tus.patch(url, data[:-100], offset=0)
    assert (refused.status_code, code_of(refused)) == (422, "truncated")


# Creation with upload


def test_a_whole_upload_may_come_with_its_creation(tus, data):
    created = tus.create(len(data), content=data, title="Sea")
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, str(len(data)))
    assert tus.image(created)["source_digest"] == digest_of(data)


def test_a_beginning_may_come_with_the_creation(tus, data):
    created = tus.create(len(data), content=data[:1000])
    url = created.headers["Location"]
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "1000")
    assert tus.image(tus.patch(url, data[1000:], offset=1000))["source_digest"] == digest_of(data)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"Upload-Checksum": checksum_of(b"other")}, 460),
        ({"Content-Type": "image/png"}, 415),
    ],
)
def test_a_creation_that_is_refused_leaves_nothing(services, tus, headers, status):
    before = services.files("about").keys(), services.files("bytes").keys()
    refused = tus.create(10, content=b"x" * 10, headers=headers)
    assert refused.status_code == status
    assert (services.files("about").keys(), services.files("bytes").keys()) == before


# Checksum


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_verified_bytes_are_taken(tus, data, algorithm):
    url = tus.begin(data)
    answer = tus.patch(url, data, offset=0, Upload_Checksum=checksum_of(data, algorithm))
    assert tus.image(answer)["source_digest"] == digest_of(data)


def test_bytes_with_another_checksum_are_not_kept(tus, data):
    url = tus.begin(data, sent=1000)
    refused = tus.patch(url, data[1000:], offset=1000, Upload_Checksum=checksum_of(data))
    assert (refused.status_code, code_of(refused)) == (460, "checksum-mismatch")
    assert tus.offset(url) == 1000


def test_a_checksum_nobody_can_check_is_refused(tus, data):
    url = tus.begin(data)
    refused = tus.patch(url, data, offset=0, Upload_Checksum="crc32 AAAAAA==")
    assert (refused.status_code, tus.offset(url)) == (400, 0)


# Expiration


def test_an_upload_is_told_how_long_it_can_be_continued(tus, data):
    created = tus.create(len(data))
    told = tus.patch(created.headers["Location"], data[:10], offset=0)
    for answer in (created, told):
        left = parsedate_to_datetime(answer.headers["Upload-Expires"]) - parsedate_to_datetime(
            answer.headers["Date"]
        )
        assert abs(left.total_seconds() - DAY) < 60


def test_an_upload_that_was_not_continued_in_time_is_gone(services, tus, data):
    url = tus.begin(data, sent=1000)
    make_old(services.bytes_of(url))
    refused = tus.patch(url, data[1000:], offset=1000)
    assert (refused.status_code, refused.json()["reason"]) == (410, "expired")


# Termination


def test_a_deleted_upload_is_gone_with_its_bytes(services, tus, data):
    url = tus.begin(data, sent=1000)
    assert tus("DELETE", url).status_code == 204
    assert (tus.head(url).status_code, services.bytes_of(url)) == (410, None)


def test_an_image_outlives_its_upload(tus, data):
    url = tus.begin(data)
    finished = tus.patch(url, data, offset=0)
    assert tus("DELETE", url).status_code == 204
    assert tus.image(finished)["source_digest"] == digest_of(data)


# Whose it is


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_an_upload_of_somebody_else_is_not_found(tus, stranger, data, method):
    url = tus.begin(data, sent=1000)
    headers = {"Upload-Offset": "1000", "Content-Type": "application/offset+octet-stream"}
    assert stranger(method, url, headers=headers).status_code == 404
    assert tus.offset(url) == 1000


def test_nobody_is_asked_who_they_are(tus):
    refused = tus.create(100, headers={"Authorization": "Bearer wrong"})
    assert (refused.status_code, code_of(refused)) == (401, "not-authenticated")


def test_a_token_for_reading_does_not_upload(services):
    refused = services.user("admin", scope="read").create(100)
    assert (refused.status_code, code_of(refused)) == (403, "not-allowed")


def test_an_address_that_was_never_given_is_not_found(tus):
    assert tus.head(TUS + "0" * 32).status_code == 404
