"""`manage.py repair` on SQLite and folders: what it says, does, and goes on with."""

import io
import shutil

import pytest
from django.core.management import CommandError, call_command

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.cluster.services import shard_set_state
from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.core.shards import ShardState
from webapp.healing import repair as walk
from webapp.healing.models import HealingRun
from webapp.healing.progress import Progress
from webapp.healing.repair import repair_run
from webapp.healing.repair_scope import Scope, scope_parse
from webapp.healing.throttle import Throttle
from webapp.images.models import Image
from webapp.outbox.models import OutboxMessage
from webapp.outbox.tasks import Task
from workers.renditions import make_renditions
from workers.repair import repair
from workers.replication import replicate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def images(shards, tmp_path):
    owner = make_user()
    made = [make_image(owner, tmp_path).image.id for _ in range(3)]
    for image_id in made:
        make_renditions(image_id)
        replicate(image_id)
    return sorted(made)


def run(*words):
    """Run the command in this thread; return what it said and whether all is whole."""
    out = io.StringIO()
    try:
        call_command("repair", *words, "--parallel", "1", stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}", False
    return out.getvalue(), True


def files(root):
    """Return the files of images below a shard, with their bytes."""
    found = {p.relative_to(root): p for p in root.rglob("*") if p.is_file()}
    return {name: p.read_bytes() for name, p in found.items() if name.parts[0] != "_shoebox"}


def erase(root):
    for folder in root.iterdir():
        if folder.name != "_shoebox":
            shutil.rmtree(folder)


def test_a_shard_that_was_erased_holds_its_share_again(shards, images):
    before = files(shards["s1"])
    erase(shards["s1"])

    said, whole = run("--shard", "s1", "--apply")

    assert (files(shards["s1"]), whole) == (before, True), said


def test_a_dry_run_says_what_is_wrong_and_its_exit_status_too(shards, images):
    erase(shards["s1"])

    said, whole = run("--all")

    assert not whole
    assert "copied" in said
    assert files(shards["s1"]) == {}
    assert not HealingRun.objects.exists()


def test_everything_whole_is_exit_status_zero(images):
    said, whole = run("--all")

    assert whole
    assert "3 images looked at" in said


@pytest.mark.parametrize("word", ["image", "partition"])
def test_only_what_was_asked_for_is_repaired(shards, images, word):
    chosen = images[1]
    for image_id in images:
        for root in shards.values():
            (root / blob_key(id_parse(image_id), "manifest.json")).unlink(missing_ok=True)

    run(*([chosen] if word == "image" else ["--partition", chosen[4:7]]), "--apply")

    manifest = blob_key(id_parse(chosen), "manifest.json")
    found = {
        name for root in shards.values() for name in files(root) if name.name == manifest[-13:]
    }
    assert {str(name) for name in found} == {manifest}


def test_the_share_of_a_dead_shard_is_restored_elsewhere(shards, images):
    shard_set_state(name="s2", state=ShardState.DEAD)
    shutil.rmtree(shards["s2"])

    said, whole = run("--shard", "s2", "--apply")

    assert whole, said
    for image_id in images:
        copies = [r["shard"] for r in Image.objects.get(id=image_id).replicas]
        assert sorted(copies) == ["s1", "s3", "s4"]


def test_a_run_that_was_ended_goes_on_where_it_was(shards, images, monkeypatch):
    monkeypatch.setattr(walk, "PAGE", 1)
    erase(shards["s1"])
    looks = iter([False, True])
    arguments = {"scope": Scope(shard="s1"), "apply": True, "throttle": Throttle()}
    repair_run(**arguments, progress=Progress(""), until=lambda: next(looks))

    said, whole = run("--shard", "s1", "--apply")

    assert f"Going on after {images[0]}" in said
    assert "3 images looked at" in said
    assert whole


def test_through_the_queue_there_is_a_message_per_partition(images):
    run("--all", "--apply", "--queue")

    rows = OutboxMessage.objects.filter(task=Task.REPAIR.value, queue="maintenance")
    assert {row.subject for row in rows} == {f"partition={image_id[4:7]}" for image_id in images}


def test_a_worker_repairs_what_its_message_says(shards, images):
    before = files(shards["s1"])
    erase(shards["s1"])

    for image_id in images:
        repair(f"partition={image_id[4:7]}")

    assert files(shards["s1"]) == before


@pytest.mark.parametrize(
    "words", [["x" * 24], ["p000" + "0" * 20], ["--partition", "ilo"], ["--shard", "s9"]]
)
def test_what_is_not_there_is_refused(images, words):
    said, whole = run(*words)

    assert not whole
    assert "looked at" not in said


@pytest.mark.parametrize(
    "scope", [Scope(), Scope(shard="s1"), Scope(partition="abc"), Scope("", "abc", "s1")]
)
def test_a_scope_survives_being_written_down(scope):
    assert scope_parse(str(scope)) == scope
