"""What happened to images, as it is found in the index."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_user
from webapp.core.ids import Kind, id_make
from webapp.events import index
from webapp.events.index import IndexLook, TooMuchHappenedError
from webapp.images.models import Image

pytestmark = pytest.mark.django_db
SUM = "sha256:" + "0" * 64


@pytest.fixture
def owner():
    return make_user()


@pytest.fixture
def look(owner):
    look = IndexLook()
    assert look.look(frozenset({owner.pk})) == []
    return look


def row(owner, *, state="stored", **values):
    now = timezone.now()
    return Image.objects.create(
        **{
            "id": str(id_make(kind=Kind.PUBLIC, version=1)),
            "owner": owner,
            "pool": "default",
            "state": state,
            "bytes": 1,
            "digest": SUM,
            "source_digest": SUM,
            "content_type": "image/png",
            "width": 1,
            "height": 1,
            "created_at": now,
            "due_at": now,
            **values,
        }
    )


def found(look, *owners):
    return [(one.event.value, one.image_id) for one in look.look(frozenset(o.pk for o in owners))]


def become(image, state, **values):
    Image.objects.filter(id=image.id).update(state=state, **values)


def test_an_image_is_told_when_it_is_stored_and_when_it_is_ready_and_once(look, owner):
    image = row(owner)
    assert found(look, owner) == [("image.stored", image.id)]
    assert found(look, owner) == []
    become(image, "ready")
    assert found(look, owner) == [("image.ready", image.id)]
    assert found(look, owner) == []


def test_an_image_that_was_ready_at_once_is_told_as_both(look, owner):
    image = row(owner, state="ready")
    assert found(look, owner) == [("image.stored", image.id), ("image.ready", image.id)]


def test_what_was_being_prepared_before_somebody_listened_is_told(owner):
    image = row(owner, created_at=timezone.now() - timedelta(hours=1))
    look = IndexLook()
    assert found(look, owner) == []
    become(image, "rejected")
    assert found(look, owner) == [("image.rejected", image.id)]


def test_an_image_is_told_each_time_it_is_deleted(look, owner):
    image = row(owner, state="ready", created_at=timezone.now() - timedelta(hours=1))
    become(image, "deleted", deleted_at=timezone.now())
    assert found(look, owner) == [("image.deleted", image.id)]
    become(image, "ready", deleted_at=None)
    become(image, "deleted", deleted_at=timezone.now())
    assert found(look, owner) == [("image.deleted", image.id)]
    assert found(look, owner) == []


def test_nothing_is_told_of_images_of_others(look, owner):
    row(make_user())
    assert found(look, owner) == []


def test_more_than_can_be_told_says_so_and_is_not_told_later(look, owner, monkeypatch):
    monkeypatch.setattr(index, "MOST_ROWS", 2)
    images = [row(owner) for _ in range(3)]
    with pytest.raises(TooMuchHappenedError):
        found(look, owner)
    monkeypatch.undo()
    assert found(look, owner) == [("image.stored", images[0].id)]


def test_a_look_costs_the_same_however_many_listen(look, owner):
    owners = [owner, *(make_user() for _ in range(5))]
    for one in owners:
        row(one)
    found(look, *owners)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found(look, *owners)
    assert len(queries) == 3
