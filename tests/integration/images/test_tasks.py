"""Tasks of images, called by hand on SQLite and folders: done, counted, given up, told."""

import shutil
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_image, make_picture
from tests.integration.images.told import events, holders, messages
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import ConflictError
from webapp.core.ids import id_parse
from webapp.core.journal import journal_load
from webapp.core.keys import blob_key
from webapp.images.copies import Placement
from webapp.images.models import Image, ImageState
from webapp.images.services import (
    image_retry,
    images_sweep,
    rendition_attempt_begin,
    rendition_failed,
    rendition_refused,
)
from webapp.outbox.models import OutboxMessage
from workers.renditions import make_renditions
from workers.replication import delete, replicate

pytestmark = pytest.mark.django_db(transaction=True)


def test_replication_brings_a_missing_copy_home(shards, ready):
    name = min(holders(shards, ready, "original"))
    (shards[name] / blob_key(id_parse(ready.id), "original")).unlink()
    assert replicate(ready.id) == "done"
    assert len(holders(shards, ready, "original")) == 3


def test_a_shortfall_shows_in_replicas_and_is_looked_at_again(shards, stored, tmp_path):
    home = Placement.of(id_parse(stored.id), topology_now()).home_names()[0]
    shutil.move(shards[home], tmp_path / "unplugged")
    make_renditions(stored.id)
    stored.refresh_from_db()
    assert stored.state == ImageState.READY
    assert stored.due_at is not None


def test_tasks_done_twice_are_done_once(shards, ready):
    before = (ready.revision, ready.renditions, ready.replicas)
    make_renditions(ready.id)
    replicate(ready.id)
    ready.refresh_from_db()
    assert (ready.revision, ready.renditions, ready.replicas) == before


@pytest.mark.parametrize("task", [make_renditions, replicate, delete])
def test_a_task_for_a_row_that_is_gone_is_done(shards, task):
    assert task("p000abcdefghjkmnpqrstvwx") in {"gone", "already"}


def test_an_attempt_is_counted_before_anything_is_decoded(stored):
    image = rendition_attempt_begin(image_id=stored.id)
    stored.refresh_from_db()
    assert image.attempts == stored.attempts == 1
    assert stored.due_at > timezone.now()


def test_attempts_end_in_failed_with_the_reason(stored):
    for _ in range(3):
        rendition_failed(
            image=rendition_attempt_begin(image_id=stored.id), reason="memory limit hit"
        )
    stored.refresh_from_db()
    assert (stored.state, stored.reason) == (ImageState.FAILED, "memory limit hit")
    assert stored.due_at is None


def refuse_twice(image):
    for _ in range(2):
        rendition_refused(image=rendition_attempt_begin(image_id=image.id), reason="broken")
    image.refresh_from_db()


def test_two_refusals_reject_an_image_and_readers_are_told(stored, settings):
    refuse_twice(stored)
    assert stored.state == ImageState.REJECTED
    data = settings.SHOEBOX.journal_file.read_bytes()
    assert stored.id in journal_load(data, keyring=settings.SHOEBOX.keyring)


def test_a_rejected_image_can_be_tried_again(stored, settings):
    refuse_twice(stored)
    image_retry(image=stored)
    make_renditions(stored.id)
    stored.refresh_from_db()
    assert stored.state == ImageState.READY
    data = settings.SHOEBOX.journal_file.read_bytes()
    assert stored.id not in journal_load(data, keyring=settings.SHOEBOX.keyring)


def test_there_is_nothing_to_try_again_on_a_ready_image(ready):
    with pytest.raises(ConflictError):
        image_retry(image=ready)


def test_a_rejection_is_told(stored):
    refuse_twice(stored)
    assert events(stored) == ["image.stored", "image.rejected"]


def test_the_sweep_queues_what_is_due_once(stored):
    OutboxMessage.objects.all().delete()
    Image.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert images_sweep() == 1
    assert images_sweep() == 0
    assert messages(stored) == {"renditions.make", "replication.replicate"}


def test_a_fresh_upload_and_a_finished_image_are_not_due(ready):
    OutboxMessage.objects.all().delete()
    assert images_sweep() == 0


def test_a_poison_picture_ends_rejected(owner, tmp_path):
    data = bytearray(make_picture(form="PNG"))
    middle = len(data) // 2
    data[middle : middle + 400] = b"\0" * 400
    image = make_image(owner, tmp_path, data=bytes(data)).image
    make_renditions(image.id)
    make_renditions(image.id)
    image.refresh_from_db()
    assert image.state == ImageState.REJECTED
    assert image.reason
