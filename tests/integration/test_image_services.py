"""Images through their services, on SQLite and folders; tasks are called by hand."""

import shutil
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.factories import isolate, make_cluster, make_image, make_picture, make_user
from webapp.cluster.services import shard_add, shard_set_state
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import (
    ConflictError,
    NotFoundError,
    ShardsUnavailableError,
    StaleError,
    TruncatedError,
    UnsupportedTypeError,
)
from webapp.core.ids import Kind, id_parse
from webapp.core.journal import journal_load
from webapp.core.keys import blob_key
from webapp.core.manifest import manifest_load, tombstone_load
from webapp.core.shards import ShardState
from webapp.healing.reap import unconfirmed
from webapp.images.copies import Placement
from webapp.images.models import Image, ImageState, JournalEntry
from webapp.images.services import (
    change,
    erase,
    image_delete,
    image_get,
    image_rekey,
    image_restore,
    image_retry,
    image_update,
    images_sweep,
    register,
    rendition_attempt_begin,
    rendition_failed,
    rendition_refused,
)
from webapp.images.services.register import image_register
from webapp.outbox.models import OutboxMessage
from webapp.outbox.tasks import EVENTS_EXCHANGE
from workers import renditions
from workers.renditions import make_renditions
from workers.replication import delete, replicate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def owner(shards):
    return make_user()


@pytest.fixture
def stored(owner, tmp_path):
    return make_image(owner, tmp_path).image


@pytest.fixture
def ready(stored):
    make_renditions(stored.id)
    replicate(stored.id)
    stored.refresh_from_db()
    return stored


def holders(shards, image, name):
    key = blob_key(id_parse(image.id), name)
    return {shard for shard, root in shards.items() if (root / key).exists()}


def messages(image):
    rows = OutboxMessage.objects.filter(subject=image.id)
    return set(rows.exclude(queue=EVENTS_EXCHANGE).values_list("task", flat=True))


def events(image):
    rows = OutboxMessage.objects.filter(subject=image.id, queue=EVENTS_EXCHANGE)
    return list(rows.values_list("task", flat=True))


def test_an_upload_is_durable_on_its_quorum_and_its_work_is_in_the_outbox(shards, stored):
    assert stored.state == ImageState.STORED
    assert len(holders(shards, stored, "original")) >= 2
    assert messages(stored) == {"renditions.make", "replication.replicate"}


def test_an_image_becomes_ready_with_three_copies_in_two_zones(shards, ready):
    assert ready.state == ImageState.READY
    assert ready.due_at is None
    names = holders(shards, ready, "original")
    assert len(names) == 3
    assert {r["shard"] for r in ready.replicas} == names
    assert {r["check"] for r in ready.replicas} == {"verified"}


def test_the_manifest_on_every_shard_is_the_row(shards, ready):
    key = blob_key(id_parse(ready.id), "manifest.json")
    for root in shards.values():
        assert manifest_load((root / key).read_bytes()) == ready.manifest


def test_a_rendition_has_its_copies(shards, ready):
    for name in ready.renditions:
        assert len(holders(shards, ready, name)) == 2


def test_the_same_bytes_again_are_the_same_image(owner, tmp_path):
    data = make_picture()
    first = make_image(owner, tmp_path, data=data)
    again = make_image(owner, tmp_path, data=data)
    assert not first.duplicate
    assert again.duplicate
    assert again.image == first.image
    assert Image.objects.count() == 1


def test_another_owners_same_bytes_are_another_image(owner, tmp_path):
    data = make_picture()
    assert (
        make_image(make_user(), tmp_path, data=data).image
        != make_image(owner, tmp_path, data=data).image
    )


def test_a_duplicate_makes_up_for_lost_copies(shards, owner, tmp_path):
    data = make_picture()
    image = make_image(owner, tmp_path, data=data).image
    lost = sorted(holders(shards, image, "original"))[:2]
    for name in lost:
        (shards[name] / blob_key(id_parse(image.id), "original")).unlink()
    assert make_image(owner, tmp_path, data=data).duplicate
    assert len(holders(shards, image, "original")) >= 2


def test_an_idempotency_key_gives_the_same_answer(owner, tmp_path):
    data = make_picture()
    first = make_image(owner, tmp_path, data=data, key="k")
    assert make_image(owner, tmp_path, data=data, key="k").image == first.image


def test_a_key_that_was_answered_with_a_duplicate_is_not_used_for_other_bytes(owner, tmp_path):
    data = make_picture()
    first = make_image(owner, tmp_path, data=data)
    for _ in range(2):
        again = make_image(owner, tmp_path, data=data, key="k")
        assert (again.image, again.duplicate) == (first.image, True)
    with pytest.raises(ConflictError):
        make_image(owner, tmp_path, key="k")


@pytest.mark.parametrize("how", ["deleted", "erased", "forgotten"])
def test_a_key_whose_image_is_gone_stores_the_picture_again(owner, tmp_path, how):
    data = make_picture()
    first = make_image(owner, tmp_path, data=data, key="k").image
    image_delete(image=first, erase=how != "deleted")
    if how == "forgotten":
        Image.objects.filter(id=first.id).delete()
    again = make_image(owner, tmp_path, data=data, key="k")
    assert (again.duplicate, again.image.id == first.id) == (False, False)
    assert make_image(owner, tmp_path, data=data, key="k").image == again.image


def test_a_discarded_copy_nobody_could_delete_is_no_image_for_a_scrub(shards, owner, tmp_path):
    picture = make_image(owner, tmp_path).image
    placement = Placement.of(picture.image_id, topology_now())
    name = holders(shards, picture, "original").pop()
    away = shards[name].rename(tmp_path / "away")
    Image.objects.all().delete()  # as if it had never been committed
    register._remove(placement, "original")
    away.rename(shards[name])

    call_command("scrub", "--apply", "--no-uploads", "--again")
    assert not Image.objects.exclude(state=ImageState.DELETED).exists()
    assert holders(shards, picture, "original") == set()


def test_an_idempotency_key_is_not_used_for_other_bytes(owner, tmp_path):
    make_image(owner, tmp_path, key="k")
    with pytest.raises(ConflictError):
        make_image(owner, tmp_path, key="k")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", UnsupportedTypeError),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedTypeError),
        (make_picture()[:-200], TruncatedError),
    ],
    ids=["empty", "svg", "truncated"],
)
def test_a_refused_upload_leaves_nothing(shards, owner, tmp_path, data, error):
    with pytest.raises(error):
        make_image(owner, tmp_path, data=data)
    assert not Image.objects.exists()
    assert list((tmp_path / "spool").iterdir()) == []
    assert not any(list(root.glob("[0-9a-z]*/*/original")) for root in shards.values())


def test_the_spool_is_empty_after_an_upload(stored, tmp_path):
    assert list((tmp_path / "spool").iterdir()) == []


def test_an_upload_is_handed_off_while_a_shard_is_away(shards, owner, tmp_path):
    shutil.move(shards["s1"], tmp_path / "unplugged")
    shards["s1"].mkdir()
    for _ in range(4):
        image = make_image(owner, tmp_path).image
        assert len(image.replicas) >= 2
    assert list(shards["s1"].iterdir()) == []


def test_without_a_quorum_nothing_is_kept(shards, owner, tmp_path):
    for name in ("s1", "s2", "s3"):
        shutil.rmtree(shards[name])
    with pytest.raises(ShardsUnavailableError):
        make_image(owner, tmp_path)
    assert not Image.objects.exists()
    assert not list(shards["s4"].glob("[0-9a-z]*/*/original"))


def test_a_read_only_shard_takes_no_new_images(shards, owner, tmp_path):
    shard_set_state(name="s2", state=ShardState.READ_ONLY)
    for _ in range(4):
        assert "s2" not in holders(shards, make_image(owner, tmp_path).image, "original")


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


def test_a_rejection_is_told(stored):
    refuse_twice(stored)
    assert events(stored) == ["image.stored", "image.rejected"]


def test_a_stranger_learns_nothing(ready):
    with pytest.raises(NotFoundError):
        image_get(image_id=ready.id, owner=make_user())


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


def test_a_store_is_added_once(shards, tmp_path):
    with pytest.raises(ConflictError):
        shard_add(name="s9", url=f"file://{shards['s1']}", zone="z1")
    (tmp_path / "alias").symlink_to(shards["s1"])
    with pytest.raises(ConflictError):
        shard_add(name="s9", url=f"file://{tmp_path}/alias", zone="z1")


def test_locate_says_where_an_image_should_be_and_where_it_is(shards, ready, capsys):
    call_command("locate", ready.id)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert sum("original" in line for line in lines) == 3
    assert sum("hand-off" in line for line in lines) == 1


def test_the_shard_list_shows_shares(shards, capsys):
    call_command("shard", "list")
    out = capsys.readouterr().out
    assert "s1" in out
    assert "%" in out
