"""A resumable upload goes on: after a kill, in another process, with shards that come back."""

import io
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed

from tests.integration.tus_caller import (
    IDLE_SECONDS,
    SECOND,
    TUS,
    checksum_of,
    digest_of,
    noise_picture,
    tus_services,
    wait_for_bytes,
)
from tests.processes import wait_until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    with tus_services(tmp_path_factory.mktemp("tus")) as running:
        yield running


@pytest.fixture
def tus(services):
    return services.first


@pytest.fixture
def other(services):
    """The other write service, on the same spool."""
    return services.second


@pytest.fixture
def data():
    return noise_picture()


def finish(caller, url, data):
    """Send what is missing and return the image."""
    offset = caller.offset(url)
    return caller.image(caller.patch(url, data[offset:], offset=offset))


# Over a kill


def test_an_upload_goes_on_after_the_service_was_killed_in_the_middle(services, tus, data):
    url = tus.begin(data, title="Sea")
    with tus.stalled(url, data, sent=400_000):
        wait_for_bytes(services.bytes_of(url), 400_000)
        services.system.kill("write")
    services.system.start("write")
    came = tus.offset(url)
    image = finish(tus, url, data)
    assert 400_000 - 64 * 1024 <= came <= 400_000
    assert (image["source_digest"], image["title"]) == (digest_of(data), "Sea")


def test_bytes_that_were_not_verified_are_gone_after_a_kill(services, tus, data):
    url = tus.begin(data, sent=1000)
    rest = data[1000:]
    with tus.stalled(url, rest, sent=300_000, offset=1000, Upload_Checksum=checksum_of(rest)):
        wait_for_bytes(services.bytes_of(url).parents[1] / "unverified" / url[-32:], 300_000)
        services.system.kill("write")
    services.system.start("write")
    came = tus.offset(url)
    answer = tus.patch(url, rest, offset=1000, Upload_Checksum=checksum_of(rest))
    assert (came, tus.image(answer)["source_digest"]) == (1000, digest_of(data))


@pytest.mark.parametrize("asks", ["HEAD", "PATCH"])
def test_a_kill_between_the_last_byte_and_the_image_is_made_good(services, tus, data, asks):
    url = tus.begin(data)
    services.bytes_of(url).write_bytes(data)  # what such a kill leaves
    told = tus.head(url) if asks == "HEAD" else tus.patch(url, b"", offset=len(data))
    assert tus.image(told)["source_digest"] == digest_of(data)


def test_a_kill_after_the_image_and_before_its_note_makes_no_second_one(services, tus, data):
    url = tus.begin(data)
    before = services.about_of(url).read_text()
    finished = tus.patch(url, data, offset=0)
    services.about_of(url).write_text(before)
    (services.about_of(url).parents[1] / "bytes" / url[-32:]).write_bytes(data)
    told = tus.head(url)
    assert told.headers["X-Shoebox-Image"] == finished.headers["X-Shoebox-Image"]
    assert json.loads(services.about_of(url).read_text())["image"]


# In several processes


def test_another_process_goes_on_where_one_ended(tus, other, data):
    url = tus.begin(data, sent=100_000)
    assert other.patch(url, data[100_000:300_000], offset=100_000).status_code == 204
    assert finish(tus, url, data)["source_digest"] == digest_of(data)
    assert other.image(other.head(url))["source_digest"] == digest_of(data)


@pytest.mark.parametrize("second", ["the same process", "another process"])
def test_two_requests_at_once_do_not_mix(services, tus, other, data, second):
    url = tus.begin(data)
    asked = tus if second == "the same process" else other
    with tus.stalled(url, data, sent=400_000):
        wait_for_bytes(services.bytes_of(url), 400_000)
        offset = asked.offset(url)
        locked = [asked.patch(url, data[offset:], offset=offset), asked("DELETE", url)]
    assert [(a.status_code, a.json()["code"]) for a in locked] == [(423, "locked")] * 2
    assert locked[0].headers["Retry-After"] == "1"
    wait_until(lambda: not_locked(asked, url), seconds=30, what="the lock to end")
    assert finish(asked, url, data)["source_digest"] == digest_of(data)


def not_locked(caller, url):
    return caller.patch(url, b"", offset=caller.offset(url)).status_code == 204


def test_what_a_killed_process_held_another_takes_over_at_once(services, tus, other, data):
    url = other.begin(data)
    with other.stalled(url, data, sent=400_000):
        wait_for_bytes(services.bytes_of(url), 400_000)
        services.system.kill(SECOND)
        image = finish(tus, url, data)
    services.system.start(SECOND)
    assert image["source_digest"] == digest_of(data)


def test_many_who_ask_at_once_finish_it_once(services, tus, other, data):
    url = tus.begin(data)
    services.bytes_of(url).write_bytes(data)
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda n: (tus, other)[n % 2].head(url), range(12)))
    told = {a.headers.get("X-Shoebox-Image") for a in answers if a.status_code == 200}
    assert ({a.status_code for a in answers} <= {200, 423}, len(told)) == (True, 1)
    assert tus.head(url).headers["X-Shoebox-Image"] in told


# When things do not go on


def test_a_client_that_falls_silent_is_dropped_and_can_go_on(tus, data):
    url = tus.begin(data)
    with tus.stalled(url, data, sent=400_000) as connection:
        connection.settimeout(6 * IDLE_SECONDS)
        answer = connection.recv(1024)
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert tus.offset(url) == 400_000
    assert finish(tus, url, data)["source_digest"] == digest_of(data)


def test_a_client_that_goes_leaves_what_it_sent(tus, data):
    url = tus.begin(data)
    with tus.stalled(url, data, sent=400_000):
        pass
    wait_until(lambda: tus.offset(url) == 400_000, seconds=30, what="all bytes that were sent")
    assert finish(tus, url, data)["source_digest"] == digest_of(data)


def test_a_client_that_goes_while_bytes_are_verified_leaves_nothing(services, tus, data):
    url = tus.begin(data)
    with tus.stalled(url, data, sent=400_000, Upload_Checksum=checksum_of(data)):
        unverified = services.bytes_of(url).parents[1] / "unverified" / url[-32:]
        wait_for_bytes(unverified, 400_000)
    wait_until(lambda: not unverified.exists(), seconds=30, what="unverified bytes to go")
    assert tus.offset(url) == 0


def test_without_shards_the_bytes_wait_and_become_an_image_later(services, tus, data):
    url = tus.begin(data)
    folders = services.system.profile.shard_folders
    away = {folder: folder.with_name(f"{folder.name}-away") for folder in folders}
    for folder, place in away.items():
        shutil.move(folder, place)
    try:
        refused = tus.patch(url, data, offset=0)
        told = tus.head(url)
    finally:
        for folder, place in away.items():
            shutil.move(place, folder)
    assert (refused.status_code, refused.json()["code"]) == (503, "shards-unavailable")
    assert (told.status_code, "Upload-Offset" in told.headers) == (423, False)
    wait_until(lambda: tus.head(url).status_code == 200, seconds=60, what="the shards")
    assert tus.image(tus.head(url))["source_digest"] == digest_of(data)


def test_without_quota_the_bytes_wait_for_room(services, data):
    poor = services.user("poor")
    url = poor.begin(data, sent=1000)
    services.quota("poor", 1000)
    refused = poor.patch(url, data[1000:], offset=1000)
    services.quota("poor", None)
    told = poor.head(url)
    assert (refused.status_code, refused.json()["code"]) == (507, "quota-exceeded")
    assert (told.status_code, "X-Shoebox-Image" in told.headers) == (200, True)


# A client of others


@pytest.fixture
def tuspy(tus):
    return TusClient(tus.base + TUS, headers={"Authorization": f"Bearer {tus.token}"})


@pytest.mark.parametrize("checksum", [False, True])
def test_tuspy_uploads_in_chunks(tus, tuspy, data, checksum):
    uploader = tuspy.uploader(
        file_stream=io.BytesIO(data),
        chunk_size=200_000,
        metadata={"title": "Früh"},
        upload_checksum=checksum,
    )
    uploader.upload()
    image = tus.image(tus.head(uploader.url))
    assert (image["source_digest"], image["title"]) == (digest_of(data), "Früh")


def test_tuspy_goes_on_after_the_service_was_killed(services, tus, tuspy, data):
    first = tuspy.uploader(file_stream=io.BytesIO(data), chunk_size=200_000)
    first.upload_chunk()
    services.system.kill("write")
    with pytest.raises(TusUploadFailed):
        first.upload_chunk()
    services.system.start("write")
    second = tuspy.uploader(file_stream=io.BytesIO(data), url=first.url)
    resumed_at = second.offset
    second.upload()
    assert resumed_at == 200_000
    assert tus.image(tus.head(second.url))["source_digest"] == digest_of(data)


def test_tuspy_is_told_what_is_no_picture(tuspy):
    with pytest.raises(TusUploadFailed) as refused:
        tuspy.uploader(file_stream=io.BytesIO(b"not a picture")).upload()
    assert refused.value.status_code == 415
    assert json.loads(refused.value.response_content)["code"] == "unsupported-type"
