"""Calls about images: what they answer, and what they leave behind."""

import shutil
import threading
import time

import pytest
from django.utils import timezone

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.api_caller import IMAGES, Caller, code_of
from webapp.api import schemas
from webapp.api.waiting import Waiting
from webapp.core.ids import Kind, id_make
from webapp.images.models import Image, ImageState
from webapp.intake.details import Details

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def owner(shards):
    return make_user()


@pytest.fixture
def upload(owner, tmp_path):
    def upload_one(**details):
        return make_image(owner, tmp_path, details=Details(**details)).image

    return upload_one


@pytest.fixture
def image(upload):
    return upload(filename="one.jpg", title="One", album="trip")


@pytest.fixture
def call(owner):
    return Caller(owner)


def becomes(image, state, **values):
    Image.objects.filter(id=image.id).update(state=state, **values)


# One image


def test_an_image_has_exactly_the_members_of_the_document(call, image):
    schemas.Image.model_validate(call.image("GET", image).json())


def test_an_image_names_its_links_and_copies(call, image, settings):
    said = call.image("GET", image).json()
    read, write = settings.SHOEBOX.read_url, settings.SHOEBOX.write_url
    assert said["links"]["original"] == f"{read}/{image.id}.jpg"
    assert said["links"]["download"] == f"{read}/{image.id}.jpg?download=one.jpg"
    assert said["links"]["page"] == f"{write}/i/{image.id}"
    assert said["links"]["renditions"]["w320"]["webp"] == f"{read}/{image.id}/w320.webp"
    assert said["replicas"]["wanted"] == 3
    assert len(said["replicas"]["stored"]) >= 2
    assert said["replicas"]["zones"] == 2


def test_the_self_link_is_the_image(call, image, settings):
    path = call.image("GET", image).json()["links"]["self"]
    assert call.get(path.removeprefix(settings.SHOEBOX.write_url)).status_code == 200


def test_links_of_a_signed_image_are_signed(call, upload):
    links = call.image("GET", upload(kind=Kind.SIGNED)).json()["links"]
    assert all("sig=" in links[name] for name in ("original", "download"))
    assert "sig=" in links["renditions"]["thumb"]["jpg"]


def test_only_the_owner_has_a_link_to_a_private_original(call, image):
    Image.objects.filter(id=image.id).update(private=True)
    staff = Caller(make_user(staff=True), ["admin"])
    links = call.image("GET", image).json()["links"]
    assert links["original"] is None
    assert f"/{image.id}/private?" in links["private"]
    assert "private" not in staff.image("GET", image).json()["links"]


def test_an_image_one_has_already_is_not_sent_again(call, image):
    etag = call.image("GET", image).headers["ETag"]
    again = call.image("GET", image, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)


def test_a_copy_more_is_a_new_answer_without_a_new_revision(call, image):
    etag = call.image("GET", image).headers["ETag"]
    Image.objects.filter(id=image.id).update(replicas=image.replicas[:1])
    assert call.image("GET", image, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "image_id", ["x", "p000", "P" * 24, "..", "%00", "p" + "u" * 23, "ü", "p" * 5000]
)
def test_what_is_no_id_is_not_found(call, image_id):
    response = call("GET", f"{IMAGES}/{image_id}")
    assert (response.status_code, code_of(response)) == (404, "not-found")


def test_an_id_nobody_has_is_not_found(call):
    response = call.get(f"{IMAGES}/{id_make(kind=Kind.PUBLIC, version=0)}")
    assert code_of(response) == "not-found"


# Waiting


def test_waiting_ends_when_the_image_is_ready(call, image):
    timer = threading.Timer(0.3, becomes, (image, ImageState.READY))
    timer.start()
    began = time.monotonic()
    state = call.image("GET", image, "?wait=20").json()["state"]
    timer.join()
    assert (state, time.monotonic() - began < 10) == ("ready", True)


def test_waiting_ends_when_its_time_is_over(call, image):
    assert call.image("GET", image, "?wait=0.2").json()["state"] == "stored"


def test_nobody_waits_for_what_is_ready(call, image):
    becomes(image, ImageState.FAILED)
    began = time.monotonic()
    assert call.image("GET", image, "?wait=30").json()["state"] == "failed"
    assert time.monotonic() - began < 10


def test_who_finds_no_place_to_wait_is_answered_at_once(call, image, monkeypatch):
    monkeypatch.setattr("webapp.api.images.waiting", Waiting(places=0))
    began = time.monotonic()
    assert call.image("GET", image, "?wait=30").json()["state"] == "stored"
    assert time.monotonic() - began < 10


def test_a_place_is_free_again_after_waiting(call, image, monkeypatch):
    monkeypatch.setattr("webapp.api.images.waiting", Waiting(places=1))
    for _ in range(2):
        began = time.monotonic()
        call.image("GET", image, "?wait=0.3")
        assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("wait", ["-1", "nan", "inf", "long", "1e999"])
def test_a_wait_that_is_no_time_is_refused(call, image, wait):
    response = call.image("GET", image, f"?wait={wait}")
    assert (response.status_code, code_of(response)) == (400, "malformed-request")


# Editing


def test_an_edit_changes_what_it_names_and_nothing_else(call, image):
    said = call.image("PATCH", image, body={"title": " New\u202e  title "}).json()
    assert (said["title"], said["album"], said["filename"]) == ("New title", "trip", "one.jpg")
    assert said["revision"] == image.revision + 1


def test_an_edit_can_empty_a_text(call, image):
    assert call.image("PATCH", image, body={"album": ""}).json()["album"] == ""


def test_an_edit_of_what_one_read_is_made(call, image):
    etag = call.image("GET", image).headers["ETag"]
    response = call.image("PATCH", image, body={"title": "b"}, headers={"If-Match": etag})
    assert response.status_code == 200


def test_an_edit_may_name_the_bare_revision(call, image):
    response = call.image("PATCH", image, body={"title": "b"}, headers={"If-Match": '"1"'})
    assert response.status_code == 200


@pytest.mark.parametrize("if_match", ['"0"', 'W/"1"', "nonsense", '"2", "3-abc"', ""])
def test_an_edit_of_another_revision_is_stale(call, image, if_match):
    response = call.image("PATCH", image, body={"title": "b"}, headers={"If-Match": if_match})
    assert (response.status_code, code_of(response)) == (412, "stale")
    image.refresh_from_db()
    assert image.title == "One"


def test_a_second_edit_of_the_same_revision_is_stale(call, image):
    etag = call.image("GET", image).headers["ETag"]
    codes = [
        call.image("PATCH", image, body={"title": t}, headers={"If-Match": etag}).status_code
        for t in "ab"
    ]
    assert codes == [200, 412]


@pytest.mark.parametrize(
    "body",
    [
        {"title": 1},
        {"title": "x" * 256},
        {"title": "nul\0"},
        {"title": "half \ud800"},
        {"state": "ready"},
        {"kind": "x"},
        [],
        "text",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"",
    ],
    ids=lambda body: repr(body)[:20],
)
def test_an_edit_that_makes_no_sense_is_refused(call, image, body):
    response = call.image("PATCH", image, body=body)
    assert (response.status_code, code_of(response)) == (400, "malformed-request")
    image.refresh_from_db()
    assert image.revision == 1


def test_a_body_larger_than_any_edit_is_refused(call, image):
    response = call.image("PATCH", image, body=b" " * (1024 * 1024 + 1))
    assert (response.status_code, code_of(response)) == (413, "too-large")


def test_another_kind_is_another_image_and_the_old_one_is_gone(call, image):
    response = call.image("PATCH", image, body={"kind": "signed", "title": "Two"})
    said = response.json()
    assert (said["kind"], said["id"][0], said["title"]) == ("s", "s", "Two")
    assert response.headers["Location"] == f"{IMAGES}/{said['id']}"
    old = call.image("GET", image)
    assert (old.status_code, code_of(old)) == (410, "deleted")


def test_the_kind_it_has_changes_nothing(call, image):
    response = call.image("PATCH", image, body={"kind": "p"})
    assert (response.json()["id"], "Location" in response.headers) == (image.id, False)


# Deleting


def test_a_deleted_image_can_be_seen_and_restored(call, image):
    assert call.image("DELETE", image).status_code == 204
    assert call.image("GET", image).json()["state"] == "deleted"
    assert call.image("POST", image, "/restore").json()["state"] == "stored"


def test_deleting_twice_is_once(call, image):
    assert [call.image("DELETE", image).status_code for _ in range(2)] == [204, 204]


@pytest.mark.parametrize(
    ("method", "rest", "body"), [("PATCH", "", {"title": "b"}), ("POST", "/retry", None)]
)
def test_a_deleted_image_cannot_be_changed(call, image, method, rest, body):
    call.image("DELETE", image)
    response = call.image(method, image, rest, body=body)
    assert (response.status_code, code_of(response)) == (410, "deleted")


@pytest.mark.parametrize(
    ("method", "rest"), [("GET", ""), ("POST", "/restore"), ("GET", "/replicas")]
)
def test_an_erased_image_is_gone(call, image, method, rest):
    call.image("DELETE", image, "?erase=true")
    assert code_of(call.image(method, image, rest)) == "deleted"


def test_erasing_again_is_done(call, image):
    call.image("DELETE", image, "?erase=true")
    assert call.image("DELETE", image, "?erase=true").status_code == 204


def test_what_is_past_its_date_is_not_restored(call, image):
    becomes(image, ImageState.DELETED, restorable_until=timezone.now())
    response = call.image("POST", image, "/restore")
    assert (response.status_code, code_of(response)) == (409, "conflict")


def test_a_delete_that_too_few_shards_hear_of_is_not_made(call, image, shards):
    for root in list(shards.values())[:3]:
        shutil.move(root, root.with_name(f"{root.name}-away"))
    response = call.image("DELETE", image)
    assert (response.status_code, code_of(response)) == (503, "shards-unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert call.image("GET", image).json()["state"] == "stored"


@pytest.mark.parametrize("state", [ImageState.FAILED, ImageState.REJECTED])
def test_what_failed_can_be_tried_again(call, image, state):
    becomes(image, state, reason="decoder")
    response = call.image("POST", image, "/retry")
    assert (response.status_code, response.json()["state"]) == (202, "stored")


# Replicas


def test_every_position_says_whether_it_has_a_copy(call, image, shards):
    said = call.image("GET", image, "/replicas").json()
    positions = schemas.ReplicaList.model_validate(said).positions
    assert {position.shard for position in positions} == set(shards)
    assert [position.role for position in positions].count("home") == said["wanted"] == 3
    present = {position.shard for position in positions if position.state == "present"}
    assert present >= {replica["shard"] for replica in image.replicas}


def test_a_position_that_cannot_tell_is_unreachable(call, image, shards):
    away = next(iter(shards))
    shutil.move(shards[away], shards[away].with_name("away"))
    positions = call.image("GET", image, "/replicas").json()["positions"]
    assert [p["shard"] for p in positions if p["state"] == "unreachable"] == [away]


def test_a_copy_that_was_compared_says_when(call, image):
    positions = call.image("GET", image, "/replicas").json()["positions"]
    verified = {p["shard"] for p in positions if p["verified_at"]}
    assert verified == {r["shard"] for r in image.replicas if r["check"] == "verified"}


# Uploading


def test_an_upload_that_reaches_django_is_the_operators_mistake(call):
    response = call("POST", IMAGES, body=b"x")
    assert (response.status_code, code_of(response)) == (500, "configuration")
