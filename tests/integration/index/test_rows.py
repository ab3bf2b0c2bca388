"""The statements by hand on an image's way to ready, on either index."""

import pytest
from django.utils import timezone

from tests.factories import make_image, make_picture
from webapp.cluster.models import ClusterState
from webapp.cluster.read_only import read_only_set
from webapp.core.errors import ReadOnlyError
from webapp.core.manifest import RenditionRecord
from webapp.images.models import Image, ImageState
from webapp.images.services import (
    image_delete,
    image_replicate,
    rendition_attempt_begin,
    renditions_store,
)
from webapp.images.services.claims import claim_commit, image_claim
from webapp.images.services.rows import row_claim_recorded, row_find
from webapp.outbox.models import OutboxMessage
from webapp.outbox.tasks import Event
from workers.renditions import make_renditions

ALL = {f"{name}.{kind}" for name in ("w1600", "w800", "w320", "thumb") for kind in ("webp", "jpg")}
LOOK = {"placeholder": "1QcSHQRnh493V4dIh4eXh1h4kJUI", "colour": "#102030"}


@pytest.fixture
def stored(owner, patient, tmp_path):
    """An image with all its copies, also where one came too late to be counted."""
    image = make_image(owner, tmp_path, data=make_picture()).image
    image_replicate(image_id=image.id)
    image.refresh_from_db()
    return image


def claimed(image, names=("w320.webp",)):
    records = {name: RenditionRecord(f"sha256:{'0' * 64}", 7) for name in names}
    return row_claim_recorded(image=image, records=records, look=LOOK)


def store_all(image):
    blobs = {name: (name.encode(), "image/webp") for name in ALL}
    return renditions_store(image=image, blobs=blobs, **LOOK)


def test_a_row_comes_with_the_name_of_its_owner_and_the_rest_when_used(stored, owner):
    image = row_find(image_id=stored.id)
    assert image.owner.get_deferred_fields()
    assert (image.owner.pk, image.owner.username) == (owner.pk, owner.username)
    assert image.owner.quota_bytes == owner.quota_bytes
    assert image.manifest == Image.objects.get(id=stored.id).manifest


def test_a_row_that_is_gone_is_none(index, shards):
    assert row_find(image_id="p1-nothing") is None


@pytest.mark.parametrize(("index", "most"), [("postgresql", 7), ("sqlite", 10)], indirect=["index"])
def test_an_image_becomes_ready_with_few_statements(index, stored, most, compared, statements):
    statements.clear()
    make_renditions(stored.id)
    assert len(statements) <= most, statements
    stored.refresh_from_db()
    assert stored.state == ImageState.READY
    assert stored.manifest_revision == stored.revision
    told = OutboxMessage.objects.get(task=Event.READY.value)
    assert (told.subject, told.queue, told.attempts) == (stored.id, "shoebox.events", 0)


def test_a_claim_notes_what_was_made_and_is_of_the_next_revision(stored):
    image = rendition_attempt_begin(image_id=stored.id)
    assert image.attempts == 1
    row = claimed(image)
    assert (row.revision, row.attempts, row.reason) == (stored.revision + 1, 0, "")
    assert (row.placeholder, row.colour) == (LOOK["placeholder"], LOOK["colour"])
    assert [*row.renditions] == ["w320.webp"]
    assert row.due_at > timezone.now()
    assert row.manifest == Image.objects.get(id=stored.id).manifest


def test_no_two_claims_are_of_one_revision_and_the_earlier_commits_nothing(stored):
    image = rendition_attempt_begin(image_id=stored.id)
    first, second = claimed(image), claimed(image)
    third = image_claim(image_id=stored.id)
    assert [row.revision for row in (first, second, third)] == [2, 3, 4]
    assert not claim_commit(first, ("due_at",))


def test_a_claim_is_of_the_epoch_of_the_index(stored):
    image = rendition_attempt_begin(image_id=stored.id)
    ClusterState.objects.update(epoch=5)
    assert claimed(image).epoch == 5


def test_a_deleted_image_stays_deleted_and_keeps_what_was_made(stored):
    image = rendition_attempt_begin(image_id=stored.id)
    image_delete(image=stored)
    store_all(image)
    stored.refresh_from_db()
    assert stored.state == ImageState.DELETED
    assert {*stored.renditions} == ALL


def test_nothing_is_noted_while_nothing_may_be_written(stored):
    image = rendition_attempt_begin(image_id=stored.id)
    read_only_set(reason="rebuilding")
    with pytest.raises(ReadOnlyError):
        store_all(image)
    with pytest.raises(ReadOnlyError):
        rendition_attempt_begin(image_id=stored.id)
    stored.refresh_from_db()
    assert (stored.state, stored.renditions, stored.attempts) == (ImageState.STORED, {}, 1)


def test_a_commit_after_a_later_claim_makes_nothing_ready(stored, monkeypatch):
    image = rendition_attempt_begin(image_id=stored.id)

    def claim_in_between(*_args):
        image_claim(image_id=stored.id)
        return []

    monkeypatch.setattr("webapp.images.services.settle.manifest_put", claim_in_between)
    store_all(image)
    stored.refresh_from_db()
    assert stored.state == ImageState.STORED
    assert not OutboxMessage.objects.filter(task=Event.READY.value).exists()
