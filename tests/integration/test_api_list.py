"""Lists of images: newest first, page by page, filtered."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.api_caller import IMAGES, Caller, code_of
from webapp.accounts.models import Scope
from webapp.api import schemas
from webapp.core.ids import Kind, id_make
from webapp.images.models import Image, ImageState

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now()


@pytest.fixture
def owner(settings, tmp_path):
    isolate(settings, tmp_path)
    make_cluster(tmp_path, count=2)
    return make_user()


@pytest.fixture
def call(owner):
    return Caller(owner)


def row(owner, age=0, **values):
    """A row as an upload would leave it, ``age`` seconds old."""
    defaults = {
        "id": str(id_make(kind=Kind.PUBLIC, version=0)),
        "pool": "default",
        "bytes": 1,
        "digest": f"sha256:{'0' * 64}",
        "source_digest": f"sha256:{'0' * 64}",
        "content_type": "image/jpeg",
        "width": 1,
        "height": 1,
        "created_at": NOW - timedelta(seconds=age),
        "replicas": [{"shard": "s1", "check": "verified", "at": NOW.isoformat()}],
    }
    return Image.objects.create(owner=owner, **{**defaults, **values})


def ids(response):
    return [item["id"] for item in response.json()["items"]]


def test_a_list_has_exactly_the_members_of_the_document(call, owner, tmp_path):
    make_image(owner, tmp_path)
    schemas.ImageList.model_validate(call.get(IMAGES).json())


def test_the_newest_comes_first(call, owner):
    old, new = row(owner, age=5), row(owner)
    assert ids(call.get(IMAGES)) == [new.id, old.id]


def test_pages_have_every_image_once_also_those_of_one_moment(call, owner):
    wanted = {row(owner, age=age // 3).id for age in range(10)}
    seen, cursor = [], ""
    while cursor is not None:
        page = call.get(f"{IMAGES}?limit=3&cursor={cursor}").json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert (len(seen), set(seen)) == (10, wanted)


def test_images_that_come_meanwhile_shift_nothing(call, owner):
    rows = [row(owner, age=age) for age in range(4)]
    cursor = call.get(f"{IMAGES}?limit=2").json()["next"]
    row(owner, age=-1)
    assert ids(call.get(f"{IMAGES}?limit=2&cursor={cursor}")) == [rows[2].id, rows[3].id]


def test_the_last_page_says_so(call, owner):
    row(owner)
    assert call.get(f"{IMAGES}?limit=1").json()["next"] is None


def test_an_empty_list_is_a_list(call):
    assert call.get(IMAGES).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=99999999999999999999999",
        "state=gone",
        "q=%00",
        "album=a%00",
        f"q={'x' * 256}",
        "cursor=x",
        "cursor=1-x",
        f"cursor={'9' * 60}-{'p' * 24}",
        f"cursor=999999999999999999-p{'0' * 23}",
        f"cursor=-999999999999999999-p{'0' * 23}",
        f"cursor=%EF%BC%91%E0-p{'0' * 23}",
        f"cursor={'9' * 250}",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(call, query):
    response = call.get(f"{IMAGES}?{query}")
    assert (response.status_code, code_of(response)) == (400, "malformed-request")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"stored", "ready", "cat"}),
        ("state=ready", {"ready"}),
        ("state=deleted", {"deleted"}),
        ("album=pets", {"cat"}),
        ("album=pet", set()),
        ("q=CAT", {"cat"}),
        ("q=tabby", {"cat"}),
        ("q=%25", set()),
        ("q=cat&state=ready", set()),
    ],
)
def test_a_filter_gives_what_passes_it(call, owner, query, found):
    later = NOW + timedelta(days=30)
    rows = {
        "stored": row(owner),
        "ready": row(owner, state=ImageState.READY),
        "cat": row(owner, title="A Cat", album="pets", filename="tabby.jpg"),
        "deleted": row(owner, state=ImageState.DELETED, restorable_until=later),
        "erased": row(owner, state=ImageState.DELETED),
    }
    assert ids_by_name(rows, call.get(f"{IMAGES}?{query}")) == found


def ids_by_name(rows, response):
    names = {image.id: name for name, image in rows.items()}
    return {names[image_id] for image_id in ids(response)}


def test_staff_choose_whose_images_they_list(owner):
    staff = make_user(staff=True)
    rows = {"theirs": row(staff), "owners": row(owner)}
    caller = Caller(staff, {Scope.ADMIN})
    lists = {
        query: ids_by_name(rows, caller.get(f"{IMAGES}?{query}"))
        for query in ("", "owner=me", f"owner={owner.username}", "owner=nobody")
    }
    assert list(lists.values()) == [{"theirs", "owners"}, {"theirs"}, {"owners"}, set()]


def test_others_list_their_own_images_whomever_they_name(call, owner):
    other = make_user()
    row(other)
    assert ids(call.get(f"{IMAGES}?owner={other.username}")) == []


def test_a_longer_list_takes_no_more_queries(call, owner):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            call.get(IMAGES)
        counts.append(len(queries))
        for _ in range(20):
            row(owner)
    call.get(IMAGES)
    assert counts[1] <= counts[0]
