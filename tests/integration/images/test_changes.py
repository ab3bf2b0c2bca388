"""Images that change, go, come back and are erased, on SQLite and folders."""

import shutil
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_user
from tests.integration.images.told import events, holders
from webapp.core.errors import ConflictError, NotFoundError, ShardsUnavailableError, StaleError
from webapp.core.ids import Kind, id_parse
from webapp.core.journal import journal_load
from webapp.core.keys import blob_key
from webapp.core.manifest import manifest_load, tombstone_load
from webapp.healing.reap import unconfirmed
from webapp.images.models import Image, ImageState, JournalEntry
from webapp.images.services import (
    change,
    erase,
    image_delete,
    image_get,
    image_rekey,
    image_restore,
    image_update,
    images_sweep,
)
from webapp.images.services.register import image_register
from webapp.outbox.models import OutboxMessage
from workers import renditions
from workers.renditions import make_renditions
from workers.replication import delete, replicate

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_changed_title_reaches_the_manifests(shards, ready):
    changed = image_update(image=ready, values={"title": "Été"})
    assert changed.revision == ready.revision
    replicate(ready.id)
    key = blob_key(id_parse(ready.id), "manifest.json")
    for root in shards.values():
        assert manifest_load((root / key).read_bytes()).title == "Été"


def test_a_change_of_an_older_revision_is_stale(ready):
    with pytest.raises(StaleError):
        image_update(image=ready, values={"title": "x"}, expected=ready.revision - 1)


def test_a_deleted_image_has_tombstones_and_is_in_the_journal(shards, ready, settings):
    image_delete(image=ready)
    ready.refresh_from_db()
    assert ready.state == ImageState.DELETED
    assert len(holders(shards, ready, "tombstone")) == 4
    root = shards["s1"]
    tombstone = tombstone_load((root / blob_key(id_parse(ready.id), "tombstone")).read_bytes())
    assert tombstone.revision == (ready.epoch, ready.revision)
    data = settings.SHOEBOX.journal_file.read_bytes()
    assert ready.id in journal_load(data, keyring=settings.SHOEBOX.keyring)


def test_deleting_twice_is_deleting_once(ready):
    image_delete(image=ready)
    image_delete(image=ready)
    assert JournalEntry.objects.count() == 1


def test_a_delete_that_too_few_shards_hear_of_is_none(shards, ready, tmp_path):
    for name in ("s1", "s2", "s3"):
        shutil.move(shards[name], tmp_path / f"unplugged-{name}")
    with pytest.raises(ShardsUnavailableError):
        image_delete(image=ready)
    ready.refresh_from_db()
    assert ready.state == ImageState.READY
    assert not JournalEntry.objects.exists()


def test_a_restored_image_is_ready_again_and_off_the_journal(shards, ready, settings):
    image_delete(image=ready)
    delete(ready.id)
    restored = image_restore(image=image_get(image_id=ready.id, owner=None))
    replicate(restored.id)
    restored.refresh_from_db()
    assert restored.state == ImageState.READY
    key = blob_key(id_parse(ready.id), "manifest.json")
    manifest = manifest_load((shards["s1"] / key).read_bytes())
    tombstone = tombstone_load(
        (shards["s1"] / blob_key(id_parse(ready.id), "tombstone")).read_bytes()
    )
    assert manifest.revision > tombstone.revision
    data = settings.SHOEBOX.journal_file.read_bytes()
    assert ready.id not in journal_load(data, keyring=settings.SHOEBOX.keyring)


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(erase, "LATE_WRITES", timedelta(0))


def test_an_erased_image_stays_listed_for_as_long_as_a_cache_may_keep_it(shards, ready, settings):
    update = {"shared_cache_url": "redis://127.0.0.1:1/0", "shared_cache_ttl": 3600}
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update=update)
    image_delete(image=ready, erase=True)

    def after(age):
        """Return what a deletion says, when it is due again in minutes, and whether it waits."""
        JournalEntry.objects.update(created_at=timezone.now() - age)
        said, row = delete(ready.id), Image.objects.get()
        due = row.due_at and round((row.due_at - timezone.now()).total_seconds() / 60)
        return said, due, unconfirmed().exists()

    assert after(timedelta(0)) == ("later", 3, True)
    assert after(erase.LATE_WRITES) == ("later", 57, False)
    assert JournalEntry.objects.exists()
    assert after(timedelta(hours=1)) == ("done", None, False)
    assert not JournalEntry.objects.exists()


def test_what_lands_after_an_erasure_was_confirmed_is_refused_and_then_erased(shards, ready):
    key = blob_key(id_parse(ready.id), "original")
    image_delete(image=ready, erase=True)
    assert delete(ready.id) == "later"
    (shards["s1"] / key).write_bytes(b"late")
    assert JournalEntry.objects.filter(pk=ready.id).exists()

    JournalEntry.objects.update(created_at=timezone.now() - erase.LATE_WRITES)
    Image.objects.update(due_at=timezone.now())
    OutboxMessage.objects.all().delete()
    assert images_sweep() == 1
    assert delete(ready.id) == "done"
    assert holders(shards, ready, "original") == set()
    assert not JournalEntry.objects.exists()


def test_an_erased_image_leaves_only_tombstones_and_no_journal_entry(at_once, shards, ready):
    image_delete(image=ready, erase=True)
    assert delete(ready.id) == "done"
    assert not JournalEntry.objects.exists()
    for name in ("original", "manifest.json", *ready.renditions):
        assert holders(shards, ready, name) == set()
    with pytest.raises(ConflictError):
        image_restore(image=image_get(image_id=ready.id, owner=None))


def test_renditions_that_are_stored_after_an_erasure_was_finished_are_erased_too(
    at_once, shards, stored, monkeypatch
):
    render_limited, names = renditions.render_limited, []

    def erased_meanwhile(path, *, made, **options):
        rendered = render_limited(path, **options)
        image_delete(image=image_get(image_id=stored.id, owner=None), erase=True)
        assert delete(stored.id) == "done"
        for name, rendition in rendered.renditions.items():
            names.append(name)
            made(name, rendition)
        return rendered

    monkeypatch.setattr(renditions, "render_limited", erased_meanwhile)
    assert make_renditions(stored.id) == "done"

    assert JournalEntry.objects.count() == 1
    assert delete(stored.id) == "done"
    assert names
    assert {name for name in names if holders(shards, stored, name)} == set()
    assert not JournalEntry.objects.exists()


def test_an_erased_image_stays_in_the_journal_while_a_shard_is_away(
    at_once, shards, ready, tmp_path
):
    shutil.move(shards["s1"], tmp_path / "unplugged")
    image_delete(image=ready, erase=True)
    assert delete(ready.id) == "short"
    assert JournalEntry.objects.count() == 1
    shutil.move(tmp_path / "unplugged", shards["s1"])
    assert delete(ready.id) == "done"
    assert holders(shards, ready, "original") == set()


def test_another_kind_is_another_id_and_the_old_one_is_erased(shards, ready):
    other = image_rekey(image=ready, kind=Kind.SIGNED)
    assert other.kind is Kind.SIGNED
    assert other.digest == ready.digest
    ready.refresh_from_db()
    assert (ready.state, ready.restorable_until) == (ImageState.DELETED, None)
    delete(ready.id)
    assert holders(shards, ready, "original") == set()
    assert len(holders(shards, other, "original")) >= 2


@pytest.mark.parametrize("erase", [False, True])
def test_an_image_deleted_while_its_kind_changes_stays_deleted(shards, ready, monkeypatch, erase):
    def register_after_the_deletion(**arguments):
        image_delete(image=ready, erase=erase)
        return image_register(**arguments)

    monkeypatch.setattr(change, "image_register", register_after_the_deletion)
    with pytest.raises(ConflictError, match="deleted meanwhile"):
        image_rekey(image=ready, kind=Kind.SIGNED)
    assert not Image.objects.exclude(state=ImageState.DELETED).exists()
    ready.refresh_from_db()
    assert (ready.restorable_until is None) is erase


def test_what_happens_to_an_image_is_told(ready):
    image_delete(image=ready)
    assert events(ready) == ["image.stored", "image.ready", "image.deleted"]


def test_a_stranger_learns_nothing(ready):
    with pytest.raises(NotFoundError):
        image_get(image_id=ready.id, owner=make_user())
