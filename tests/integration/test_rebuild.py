"""The database is lost: everything acknowledged is in the index again, from the shards alone."""

import shutil

import pytest
from django.core.management import CommandError, call_command

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.accounts.bootstrap import admin_ensure
from webapp.accounts.models import Token, User
from webapp.cluster import snapshot
from webapp.cluster.models import ClusterState, Pool, Shard, TopologyVersion
from webapp.cluster.read_only import read_only_reason, read_only_set
from webapp.cluster.services import shard_set_state
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import ReadOnlyError
from webapp.core.ids import Kind, id_parse
from webapp.core.journal import journal_load
from webapp.core.keys import blob_key
from webapp.core.manifest import manifest_load
from webapp.core.shards import ShardState
from webapp.healing import rebuild
from webapp.healing.models import HealingRun
from webapp.healing.rebuild_lost import index_lost
from webapp.images.models import IdempotencyKey, Image, ImageState, JournalEntry
from webapp.images.services import image_delete, image_restore, image_update, images_sweep
from webapp.images.services.claims import image_claim
from webapp.intake.details import Details
from webapp.outbox.models import OutboxMessage
from workers.renditions import make_renditions
from workers.replication import delete, replicate

pytestmark = pytest.mark.django_db(transaction=True)

# What says when it was looked at, and what only the index that is gone could know.
UNKNOWABLE = {"replicas", "due_at", "recovered_at", "reason", "lease", "lease_until", "copied_at"}
UNKNOWABLE |= {"restorable_until", "delete_hash"}


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def owner(shards):
    return make_user()


def make_ready(owner, folder, **details):
    image = make_image(owner, folder, details=Details(**details)).image
    make_renditions(image.id)
    replicate(image.id)
    return Image.objects.get(id=image.id)


def lose_the_index():
    models = (OutboxMessage, JournalEntry, IdempotencyKey, HealingRun, Image, Token, User)
    for model in (*models, TopologyVersion, Shard, Pool, ClusterState):
        model.objects.all().delete()
    snapshot._cached = None


def rebuild_index(*words):
    call_command("rebuild_index", "--apply", *words)


def known(image):
    return {f.attname: getattr(image, f.attname) for f in Image._meta.fields} | dict.fromkeys(
        UNKNOWABLE
    )


def everything():
    return {image.id: known(image) for image in Image.objects.all()}


def test_rows_are_what_they_were(owner, tmp_path):
    make_ready(owner, tmp_path, title="Høst", album="Rejser", filename="a.jpg", kind=Kind.SIGNED)
    deleted = make_ready(owner, tmp_path)
    image_delete(image=deleted)
    delete(deleted.id)
    before = everything()
    lose_the_index()
    rebuild_index()
    assert everything() == before


def test_an_image_that_was_only_just_acknowledged_is_recovered_from_its_label(owner, tmp_path):
    image = make_image(owner, tmp_path, details=Details(title="T", album="A", filename="f")).image
    lose_the_index()
    rebuild_index()
    again = Image.objects.get()
    assert (again.title, again.album, again.filename, again.kind) == ("T", "A", "f", image.kind)
    assert (again.digest, again.owner.username) == (image.digest, owner.username)
    assert again.recovered_at is not None
    assert (again.state, again.reason[:9]) == (ImageState.STORED, "recovered")


def test_a_recovered_image_becomes_ready(owner, tmp_path):
    image = make_image(owner, tmp_path).image
    lose_the_index()
    rebuild_index()
    assert images_sweep() == 1
    make_renditions(image.id)
    replicate(image.id)
    assert Image.objects.get().state == ImageState.READY


def test_owners_are_there_and_disabled(owner, tmp_path):
    make_image(owner, tmp_path)
    lose_the_index()
    rebuild_index()
    again = User.objects.get(pk=owner.pk)
    assert (again.username, again.is_active) == (owner.username, False)
    assert (again.used_images, again.has_usable_password()) == (1, False)


def test_the_admin_of_the_settings_is_let_in_again(shards, tmp_path):
    admin_ensure(username="admin", password="correct horse battery")
    make_image(User.objects.get(), tmp_path)
    lose_the_index()
    rebuild_index()
    admin_ensure(username="admin", password="correct horse battery", token="sbx_again")
    admin = User.objects.get()
    assert (admin.is_active, admin.is_staff, admin.images.count()) == (True, True, 1)


def test_twice_is_once(owner, tmp_path):
    make_ready(owner, tmp_path)
    make_image(owner, tmp_path)
    lose_the_index()
    rebuild_index()
    before = everything()
    rebuild_index()
    assert everything() == before


def test_the_newest_manifest_counts(owner, shards, tmp_path):
    image = make_ready(owner, tmp_path, title="old")
    shutil.copytree(shards["s1"], tmp_path / "copy", symlinks=True)
    image_update(image=image, values={"title": "new"})
    replicate(image.id)
    key = blob_key(id_parse(image.id), "manifest.json")
    stale = (tmp_path / "copy" / key).read_bytes()
    (shards["s1"] / key).unlink()
    shutil.copy2(tmp_path / "copy" / key, shards["s1"] / key)
    assert manifest_load(stale).title == "old"
    lose_the_index()
    rebuild_index()
    assert Image.objects.get().title == "new"


def test_a_restored_image_is_there_although_tombstones_lie_about(owner, tmp_path):
    image = make_ready(owner, tmp_path)
    image_delete(image=image)
    image_restore(image=Image.objects.get())
    lose_the_index()
    rebuild_index()
    assert Image.objects.get().state == ImageState.STORED
    assert not JournalEntry.objects.exists()


def test_a_delete_only_the_journal_knows_of_stays_one(owner, shards, tmp_path):
    image = make_ready(owner, tmp_path)
    image_delete(image=image)
    for root in shards.values():
        (root / blob_key(id_parse(image.id), "tombstone")).unlink()
    lose_the_index()
    rebuild_index()
    assert Image.objects.get().state == ImageState.DELETED


def test_the_journal_goes_on_above_the_one_that_was_lost(owner, settings, tmp_path):
    image_delete(image=make_ready(owner, tmp_path))
    before = journal_load(
        settings.SHOEBOX.journal_file.read_bytes(), keyring=settings.SHOEBOX.keyring
    )
    lose_the_index()
    rebuild_index()
    after = journal_load(
        settings.SHOEBOX.journal_file.read_bytes(), keyring=settings.SHOEBOX.keyring
    )
    assert after.revision > before.revision
    assert after.entries.keys() == before.entries.keys()


def test_what_the_new_index_says_is_of_a_higher_epoch(owner, tmp_path):
    image = make_ready(owner, tmp_path)
    lose_the_index()
    rebuild_index()
    assert image_claim(image_id=image.id).epoch == image.epoch + 1


def test_writes_are_refused_meanwhile(owner, tmp_path, client):
    image = make_ready(owner, tmp_path)
    read_only_set(reason="being rebuilt")
    with pytest.raises(ReadOnlyError, match="being rebuilt"):
        image_claim(image_id=image.id)
    answer = client.delete(f"/api/v1/images/{image.id}")
    assert (answer.status_code, answer.json()["code"]) == (503, "read-only")
    assert images_sweep() == 0


def test_a_rebuild_that_was_killed_goes_on_where_it_was(owner, tmp_path, monkeypatch):
    images = {make_image(owner, tmp_path).image.id for _ in range(4)}
    lose_the_index()
    saved, real = [], rebuild._save

    def save_two(*arguments):
        if len(saved) == 2:
            raise KeyboardInterrupt
        real(*arguments)
        saved.append(arguments)

    with monkeypatch.context() as patch:
        patch.setattr(rebuild, "SAVE_EVERY", 1 << 20)
        patch.setattr(rebuild, "_save", save_two)
        with pytest.raises(KeyboardInterrupt):
            rebuild_index()
    assert read_only_reason()
    rebuild_index()
    assert set(Image.objects.values_list("id", flat=True)) == images
    assert (HealingRun.objects.count(), read_only_reason()) == (1, "")


def test_an_index_that_is_not_empty_is_refused(owner, tmp_path):
    make_image(owner, tmp_path)
    with pytest.raises(CommandError, match="not empty"):
        rebuild_index()


def test_as_many_silent_shards_as_could_hide_an_image_are_refused(owner, shards, tmp_path):
    make_image(owner, tmp_path)
    for name in ("s1", "s2"):
        shards[name].rename(tmp_path / f"away-{name}")
    lose_the_index()
    with pytest.raises(CommandError, match="accept-missing"):
        rebuild_index()
    rebuild_index("--accept-missing")
    assert Image.objects.exists()


def test_one_silent_shard_hides_nothing(owner, shards, tmp_path):
    make_image(owner, tmp_path)
    shards["s1"].rename(tmp_path / "away")
    lose_the_index()
    rebuild_index()
    assert Image.objects.count() == 1


def test_the_topology_is_found_by_one_shard_alone(owner, shards, settings, tmp_path):
    make_image(owner, tmp_path)
    shard_set_state(name="s4", state=ShardState.READ_ONLY)
    revision = topology_now().revision
    lose_the_index()
    settings.SHOEBOX.topology_file.unlink()
    rebuild_index("--shard", f"file://{shards['s2']}")
    assert Image.objects.count() == 1
    assert topology_now().revision >= revision
    assert Shard.objects.get(name="s4").state == "read_only"


def test_a_dry_run_writes_nothing(owner, tmp_path, capsys):
    make_image(owner, tmp_path)
    lose_the_index()
    call_command("rebuild_index")
    assert "1 recovered" in capsys.readouterr().out
    assert (Image.objects.count(), Shard.objects.count()) == (0, 0)


def test_a_lost_index_is_told_from_a_new_installation(owner, tmp_path):
    assert not index_lost()
    lose_the_index()
    assert index_lost()
    assert "rebuild_index" in read_only_reason()


def test_a_new_installation_is_not_a_lost_one(settings, tmp_path):
    isolate(settings, tmp_path)
    assert not index_lost()
