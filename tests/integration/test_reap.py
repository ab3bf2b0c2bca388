"""Reaping on folders: what goes by date, what waits, and what an older index is told."""

import time
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import isolate, make_cluster, make_user
from tests.integration.test_scrub import (
    age,
    holders,
    made_ready,
    path,
    scrub_of,
)
from webapp.cluster.models import ClusterState
from webapp.core.errors import ShardsUnavailableError, UnknownVersionError
from webapp.core.keys import JOURNAL_KEY, blob_key
from webapp.core.label import Label
from webapp.core.signing import bytes_digest
from webapp.healing import reap as reap_module
from webapp.healing import reap_clock
from webapp.healing.adopt_journal import journal_take_over
from webapp.healing.reap import reap, reap_plan
from webapp.healing.reap_clock import ClocksDifferError
from webapp.healing.reap_quarantine import quarantine_reap
from webapp.healing.reap_turns import turns
from webapp.images.models import Image, JournalEntry
from webapp.images.services import erase, image_delete, image_restore
from webapp.storage.directory import DirectoryStore
from webapp.storage.quarantine import quarantine_key
from workers.replication import delete

pytestmark = pytest.mark.django_db(transaction=True)

LONG = timedelta(days=31)


@pytest.fixture
def shards(settings, tmp_path, monkeypatch):
    isolate(settings, tmp_path)
    monkeypatch.setattr(erase, "LATE_WRITES", timedelta(0))  # all of it was deleted long ago
    return make_cluster(tmp_path)


@pytest.fixture
def deleted(shards, tmp_path):
    image = made_ready(make_user(), tmp_path)
    image_delete(image=image)
    delete(image.id)
    image.refresh_from_db()
    return image


def let_it_be_past(image):
    Image.objects.filter(pk=image.pk).update(restorable_until=timezone.now() - timedelta(seconds=1))


def test_a_deleted_image_is_kept_until_its_date(shards, deleted):
    assert reap().expired == 0
    assert len(holders(shards, deleted, "original")) == 3


def test_a_deleted_image_past_its_date_is_erased_everywhere(shards, deleted):
    let_it_be_past(deleted)
    done = reap()
    assert (done.expired, done.finished) == (1, 1)
    for root in shards.values():
        assert {file.name for file in path(root, deleted, "x").parent.glob("*")} == {"tombstone"}
    assert not JournalEntry.objects.exists()
    deleted.owner.refresh_from_db()
    assert (deleted.owner.used_bytes, deleted.owner.used_images) == (0, 0)


def test_a_dry_run_changes_nothing(shards, deleted):
    let_it_be_past(deleted)
    call_command("reap")
    assert reap_plan().expired == 1
    assert len(holders(shards, deleted, "original")) == 3


def test_a_restored_image_is_not_erased(shards, deleted):
    image_restore(image=deleted)
    assert reap().expired == 0
    assert len(holders(shards, deleted, "original")) == 3


def test_an_erasure_waits_for_a_shard_that_is_away_and_is_finished_when_it_is_back(
    shards, deleted, tmp_path
):
    (away,) = holders(shards, deleted, "original")[:1]
    shards[away].rename(tmp_path / "away")
    shards[away].mkdir()
    let_it_be_past(deleted)
    done = reap()
    assert (done.expired, done.finished, done.unconfirmed) == (1, 0, 1)
    assert JournalEntry.objects.filter(pk=deleted.id).exists()

    shards[away].rmdir()
    (tmp_path / "away").rename(shards[away])
    assert reap().finished == 1
    assert holders(shards, deleted, "original") == []
    assert not JournalEntry.objects.exists()


def test_an_erased_image_is_forgotten_a_while_after_everybody_confirmed(shards, deleted):
    let_it_be_past(deleted)
    reap()
    assert reap().forgotten == 0
    Image.objects.update(deleted_at=timezone.now() - LONG)
    assert reap().forgotten == 1
    assert not Image.objects.exists()
    assert not any(list(path(root, deleted, "x").parent.glob("*")) for root in shards.values())


def test_images_that_cannot_be_reaped_keep_no_others_from_it(shards, tmp_path, monkeypatch):
    owner = make_user()
    images = sorted((made_ready(owner, tmp_path) for _ in range(3)), key=lambda image: image.id)
    for image in images:
        image_delete(image=image)
        let_it_be_past(image)
    stuck, failing, last = (image.id for image in images)
    expire = reap_module.image_expire

    def expire_some(*, image_id):
        if image_id == stuck:
            raise ShardsUnavailableError("its pool is away")
        if image_id == failing:
            raise UnknownVersionError(version=7)
        return expire(image_id=image_id)

    monkeypatch.setattr(reap_module, "image_expire", expire_some)
    assert [reap(limit=1).expired for _ in range(4)] == [0, 0, 1, 0]
    assert Image.objects.get(restorable_until=None).id == last


def test_a_reap_ends_in_time_and_goes_on_where_it_was(shards, tmp_path):
    owner = make_user()
    ids = sorted(made_ready(owner, tmp_path).id for _ in range(3))
    rows = Image.objects.all()
    with turns("any", rows, limit=9, seconds=0.0) as none:
        assert list(none) == []
    with turns("any", rows, limit=9) as walk:
        assert [next(walk).id, next(walk).id] == ids[:2]
    with turns("any", rows, limit=9) as walk:
        assert [image.id for image in walk] == [ids[2], *ids[:2]]


def aside(root, image, moment):
    key = quarantine_key(blob_key(image.image_id, "original"), "sha256:" + "0" * 64, moment)
    label = Label(bytes_digest(b"whole, perhaps"), "application/octet-stream")
    DirectoryStore("any", root).put(key, b"whole, perhaps", label=label)
    return root / key


def test_quarantine_keeps_nothing_of_erased_images_and_nothing_old(shards, tmp_path, settings):
    owner, now = make_user(), timezone.now()
    erased, kept = made_ready(owner, tmp_path), made_ready(owner, tmp_path)
    of_erased = aside(shards["s1"], erased, now)
    young = aside(shards["s2"], kept, now - timedelta(days=1))
    old = aside(shards["s2"], kept, now - timedelta(days=settings.SHOEBOX.quarantine_days + 1))
    assert reap().quarantined == 1
    assert [of_erased.exists(), young.exists(), old.exists()] == [True, True, False]
    image_delete(image=erased, erase=True)
    assert reap().quarantined == 1
    assert [of_erased.exists(), young.exists()] == [False, True]


def test_quarantine_is_walked_a_little_at_a_time(shards, tmp_path):
    image, long_ago = made_ready(make_user(), tmp_path), timezone.now() - 9 * LONG
    for hours in range(3):
        aside(shards["s1"], image, timezone.now() - timedelta(hours=hours))
    last = aside(shards["s1"], image, long_ago)
    last.rename(last.with_name(f"f{last.name}"))
    assert [quarantine_reap(limit=2) for _ in range(4)] == [0, 1, 0, 0]


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_nothing_is_erased_while_clocks_are_an_hour_apart(shards, deleted, monkeypatch, ahead):
    monkeypatch.setattr(reap_clock, "store_clock", lambda _store: time.time() + ahead)
    let_it_be_past(deleted)
    with pytest.raises(ClocksDifferError):
        reap()
    with pytest.raises(CommandError):
        call_command("reap", "--apply")
    assert len(holders(shards, deleted, "original")) == 3


def test_what_an_upload_left_behind_is_tombstoned_first_and_erased_past_its_date(
    shards, tmp_path, monkeypatch
):
    image = made_ready(make_user(), tmp_path)
    Image.objects.all().delete()
    for root in shards.values():
        for name in ("original", "manifest.json"):
            path(root, image, name).unlink(missing_ok=True)
    age(shards, image)

    scrub_of(image, "--apply")
    assert len(holders(shards, image, "tombstone")) == 4
    assert holders(shards, image, "w320.webp")
    scrub_of(image, "--apply")
    assert holders(shards, image, "w320.webp")

    later = timezone.now() + LONG
    monkeypatch.setattr("webapp.healing.reap_leftovers.timezone.now", lambda: later)
    scrub_of(image, "--apply")
    assert holders(shards, image, "w320.webp") == []
    assert not Image.objects.exists()


def test_a_later_journal_on_the_shards_is_taken_over_and_outrun(shards, deleted, settings):
    JournalEntry.objects.all().delete()
    settings.SHOEBOX.journal_file.unlink()
    ClusterState.objects.update(journal_counter=0)
    assert journal_take_over() == 1
    assert JournalEntry.objects.get().image_id == deleted.id
    assert ClusterState.objects.get().journal_counter > 1
    assert (shards["s1"] / JOURNAL_KEY).exists()


def test_a_tombstone_without_a_row_takes_its_image_off_the_journal(shards, deleted):
    let_it_be_past(deleted)
    reap()
    JournalEntry.objects.create(image_id=deleted.id, epoch=1, revision=9)
    Image.objects.all().delete()
    scrub_of(deleted, "--apply")
    assert not JournalEntry.objects.exists()
    assert len(holders(shards, deleted, "tombstone")) == 4
