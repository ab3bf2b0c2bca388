"""Scrubs on folders: what is found, what is healed, and what is never taken for missing."""

import json
import os
import shutil
import time
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.accounts.models import User
from webapp.cluster.services import shard_set_state
from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.core.shards import ShardState
from webapp.healing.models import Finding, HealingRun, ShardReport
from webapp.healing.scrub_run import scrub_next
from webapp.images.models import Image
from webapp.images.services import image_delete, image_restore, image_update
from workers.renditions import make_renditions
from workers.replication import delete, replicate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    update = {"scrub_bytes_per_second": 0, "handoff_grace_seconds": 0.0}
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update=update)
    return make_cluster(tmp_path)


@pytest.fixture
def ready(shards, tmp_path):
    return made_ready(make_user(), tmp_path)


def made_ready(owner, folder):
    image = make_image(owner, folder).image
    make_renditions(image.id)
    replicate(image.id)
    image.refresh_from_db()
    assert image.due_at is None
    return image


def scrub(*words, partition=None):
    """Return the report of a scrub of one partition, or of everything."""
    scope = ["--partition", partition] if partition else []
    out = StringIO()
    with suppress(SystemExit):
        call_command("scrub", "--json", *scope, *words, stdout=out)
    return json.loads(out.getvalue())


def scrub_of(image, *words):
    return scrub(*words, partition=id_parse(image.id).partition)


def codes(report):
    return sorted({finding["code"] for finding in report["findings"]})


def path(root, image, name):
    return root / blob_key(id_parse(image.id), name)


def holders(shards, image, name):
    return sorted(shard for shard, root in shards.items() if path(root, image, name).exists())


def write_over(file, data):
    """Change the bytes of a file and leave its label, as a rotting disk does."""
    with file.open("r+b") as opened:
        opened.truncate(len(data))
        opened.write(data)


def age(shards, image):
    """Let everything of an image be two days old."""
    then = time.time() - 2 * 86400
    for root in shards.values():
        for file in path(root, image, "x").parent.glob("*"):
            os.utime(file, (then, then))


def test_a_whole_image_has_no_findings(ready):
    report = scrub_of(ready)
    assert (report["status"], report["findings"]) == (0, [])


def test_every_blob_of_every_shard_was_read(shards, ready):
    report = scrub_of(ready)
    for shard, root in shards.items():
        files = list(path(root, ready, "x").parent.glob("*"))
        assert report["shards"][shard]["blobs"] == len(files)
        assert report["shards"][shard]["bytes"] == sum(file.stat().st_size for file in files)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-1] + bytes([data[-1] ^ 1]), id="a bit flipped"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut off"),
        pytest.param(lambda _data: b"", id="empty"),
    ],
)
@pytest.mark.parametrize("name", ["original", "w320.webp"])
def test_a_bad_copy_is_found_put_aside_and_replaced(shards, ready, name, damage):
    shard = holders(shards, ready, name)[0]
    file = path(shards[shard], ready, name)
    good = file.read_bytes()
    write_over(file, damage(good))

    assert codes(scrub_of(ready)) == ["corrupt"]
    assert file.read_bytes() != good
    assert scrub_of(ready, "--apply")["status"] == 0
    assert file.read_bytes() == good
    assert list((shards[shard] / "_shoebox/quarantine").rglob(f"{name}/*"))


@pytest.mark.parametrize("name", ["original", "w320.webp", "manifest.json"])
def test_a_missing_copy_is_found_and_written_again(shards, ready, name):
    before = holders(shards, ready, name)
    path(shards[before[0]], ready, name).unlink()

    report = scrub_of(ready)
    assert [(f["code"], f["shard"], f["blob"]) for f in report["findings"]] == [
        ("missing", before[0], name)
    ]
    scrub_of(ready, "--apply")
    assert holders(shards, ready, name) == before
    assert scrub_of(ready)["status"] == 0


def test_a_damaged_manifest_is_found_and_written_again(shards, ready):
    file = path(shards["s1"], ready, "manifest.json")
    good = file.read_bytes()
    write_over(file, good[:-10])
    assert codes(scrub_of(ready)) == ["manifest-damaged"]
    scrub_of(ready, "--apply")
    assert file.read_bytes() == good


def test_a_manifest_of_before_an_edit_is_stale(shards, ready, tmp_path):
    file = path(shards["s1"], ready, "manifest.json")
    shutil.copy2(file, tmp_path / "old")
    image_update(image=ready, values={"title": "new"})
    replicate(ready.id)
    shutil.copy2(tmp_path / "old", file)
    assert codes(scrub_of(ready)) == ["manifest-stale"]
    scrub_of(ready, "--apply")
    assert b'"new"' in file.read_bytes()


def test_a_lost_label_is_found_and_written_again(shards, ready):
    file = path(shards[holders(shards, ready, "original")[0]], ready, "original")
    for name in os.listxattr(file):
        os.removexattr(file, name)
    assert codes(scrub_of(ready)) == ["label-wrong"]
    scrub_of(ready, "--apply")
    assert scrub_of(ready)["status"] == 0


def test_a_copy_beside_full_homes_is_extra_and_goes(shards, ready):
    here = holders(shards, ready, "original")
    (spare,) = set(shards) - set(here)
    shutil.copy2(path(shards[here[0]], ready, "original"), path(shards[spare], ready, "original"))
    assert codes(scrub_of(ready)) == ["extra"]
    scrub_of(ready, "--apply")
    assert holders(shards, ready, "original") == here


@pytest.mark.parametrize(("minutes", "expected"), [(10, []), (120, ["extra"])])
def test_a_copy_that_is_about_to_go_is_extra_once_nobody_came(shards, ready, minutes, expected):
    here = holders(shards, ready, "original")
    (spare,) = set(shards) - set(here)
    shutil.copy2(path(shards[here[0]], ready, "original"), path(shards[spare], ready, "original"))
    then = timezone.now() - timedelta(minutes=minutes)
    Image.objects.update(created_at=then, ready_at=then, copied_at=then, due_at=timezone.now())
    assert codes(scrub_of(ready)) == expected


def test_a_shard_that_is_not_mounted_cannot_tell_and_nothing_is_missing(shards, ready, tmp_path):
    shards["s1"].rename(tmp_path / "unmounted")
    shards["s1"].mkdir()
    report = scrub_of(ready, "--apply")
    assert codes(report) == ["cannot-tell"]
    assert report["status"] == 2
    assert list(shards["s1"].iterdir()) == []


def test_a_shard_that_is_down_cannot_tell(shards, ready):
    shard_set_state(name="s1", state=ShardState.DOWN)
    assert codes(scrub_of(ready)) == ["cannot-tell"]


def test_an_image_without_any_copy_is_a_row_without_bytes(shards, ready):
    for root in shards.values():
        path(root, ready, "original").unlink(missing_ok=True)
    assert "row-without-bytes" in codes(scrub_of(ready))


def test_an_image_without_any_copy_may_be_where_nobody_answers(shards, ready):
    for root in shards.values():
        path(root, ready, "original").unlink(missing_ok=True)
    shutil.rmtree(shards["s1"])
    assert "row-without-bytes" not in codes(scrub_of(ready))


def test_an_upload_that_may_still_run_is_left_alone(shards, tmp_path):
    image = make_image(make_user(), tmp_path).image
    before = holders(shards, image, "original")
    Image.objects.all().delete()
    report = scrub_of(image, "--apply")
    assert not Image.objects.exists()
    assert holders(shards, image, "original") == before
    assert codes(report) == ["orphan"]


def test_an_original_nobody_committed_for_a_day_is_taken_into_the_index(shards, tmp_path):
    owner = make_user()
    image = make_image(owner, tmp_path).image
    Image.objects.all().delete()
    User.objects.filter(pk=owner.pk).update(used_bytes=0, used_images=0)
    age(shards, image)
    scrub_of(image, "--apply")
    adopted = Image.objects.get()
    assert (adopted.id, adopted.digest, adopted.owner_id) == (image.id, image.digest, owner.pk)
    owner.refresh_from_db()
    assert (owner.used_bytes, owner.used_images) == (image.bytes, 1)


def test_an_image_with_a_manifest_is_taken_into_the_index_at_once(shards, ready):
    Image.objects.all().delete()
    User.objects.all().delete()
    scrub_of(ready, "--apply")
    adopted = Image.objects.get()
    assert (adopted.state, adopted.title, adopted.renditions) == (
        "ready",
        ready.title,
        ready.renditions,
    )
    assert not adopted.owner.is_active


def test_a_later_edit_on_the_shards_is_taken_into_an_older_index(shards, ready):
    old = Image.objects.filter(pk=ready.pk).values().get()
    image_update(image=ready, values={"title": "later"})
    replicate(ready.id)
    Image.objects.filter(pk=ready.pk).update(**old)
    assert codes(scrub_of(ready)) == ["row-stale"]
    scrub_of(ready, "--apply")
    assert Image.objects.get().title == "later"


@pytest.mark.parametrize("erase", [False, True])
def test_a_later_deletion_on_the_shards_is_taken_into_an_older_index(shards, ready, erase):
    owner = ready.owner
    old = Image.objects.filter(pk=ready.pk).values().get()
    image_delete(image=ready, erase=erase)
    delete(ready.id)
    Image.objects.filter(pk=ready.pk).update(**old)
    User.objects.filter(pk=owner.pk).update(used_bytes=ready.bytes, used_images=1)
    scrub_of(ready, "--apply")
    image = Image.objects.get()
    assert image.state == "deleted"
    assert (image.restorable_until is None) is erase
    owner.refresh_from_db()
    assert owner.used_images == (0 if erase else 1)


def test_a_copy_of_a_deleted_image_that_can_be_restored_is_healed(shards, ready):
    image_delete(image=ready)
    delete(ready.id)
    file = path(shards[holders(shards, ready, "original")[0]], ready, "original")
    good = file.read_bytes()
    file.write_bytes(b"rotten")
    scrub_of(ready, "--apply")
    assert file.read_bytes() == good


def test_an_old_tombstone_does_not_kill_a_restored_image(shards, ready, tmp_path):
    image_delete(image=ready)
    delete(ready.id)
    shutil.copy2(path(shards["s1"], ready, "tombstone"), tmp_path / "kept")
    ready.refresh_from_db()
    image_restore(image=ready)
    make_renditions(ready.id)
    replicate(ready.id)
    shutil.copy2(tmp_path / "kept", path(shards["s1"], ready, "tombstone"))
    scrub_of(ready, "--apply")
    assert Image.objects.get().state == "ready"


def test_bytes_that_come_back_after_an_erasure_are_erased_again(shards, ready, tmp_path):
    shard = holders(shards, ready, "original")[0]
    shutil.copytree(path(shards[shard], ready, "x").parent, tmp_path / "away")
    image_delete(image=ready, erase=True)
    delete(ready.id)
    assert holders(shards, ready, "original") == []
    target = path(shards[shard], ready, "x").parent
    shutil.copytree(tmp_path / "away", target, dirs_exist_ok=True)
    assert codes(scrub_of(ready)) == ["extra"]
    scrub_of(ready, "--apply")
    assert holders(shards, ready, "original") == []
    assert {file.name for file in target.glob("*")} <= {"tombstone"}


def test_a_scrub_of_everything_says_what_it_found_in_the_index(shards, ready):
    path(shards["s1"], ready, "manifest.json").unlink()
    report = scrub()
    assert report["status"] == 1
    row = ShardReport.objects.get(shard="s1")
    assert row.counts == {"missing": 1}
    assert Finding.objects.get().image_id == ready.id
    assert HealingRun.objects.get(verb="scrub").finished_at


def test_one_shard_is_read_alone(shards, ready):
    one, other = holders(shards, ready, "original")[:2]
    path(shards[one], ready, "manifest.json").unlink()
    path(shards[other], ready, "manifest.json").unlink()
    report = scrub("--shard", one)
    assert {shard for shard, found in report["shards"].items() if found["blobs"]} == {one}
    assert [(f["shard"], f["code"]) for f in report["findings"]] == [(one, "missing")]


def test_the_perpetual_scrub_takes_a_partition_when_it_is_due_and_goes_on(shards, ready):
    assert scrub_next() == ["000"]
    assert scrub_next() == []
    HealingRun.objects.update(started_at="2020-01-01T00:00:00Z")
    assert scrub_next() == ["001"]
