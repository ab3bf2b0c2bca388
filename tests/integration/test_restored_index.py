"""An index that was restored from an old dump: what the shards know since then counts."""

import pytest
from django.core.management import call_command
from django.db.models import F

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.test_scrub import made_ready, scrub
from webapp.cluster import snapshot
from webapp.cluster.models import ClusterState, Shard, TopologyVersion
from webapp.cluster.services import shard_activate, shard_add
from webapp.core.journal import journal_load
from webapp.core.keys import JOURNAL_KEY
from webapp.core.topology import topology_load
from webapp.images.models import Image, JournalEntry
from webapp.images.services import image_delete, image_restore, journal
from webapp.storage.documents import file_read

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.mark.parametrize("fresh", [True, False], ids=["new process", "the same process"])
def test_a_list_that_is_published_next_has_what_the_shards_knew(
    shards, settings, tmp_path, monkeypatch, fresh
):
    keyring, owner = settings.SHOEBOX.keyring, make_user()
    first, second = (make_image(owner, tmp_path).image for _ in range(2))
    image_delete(image=first)
    known = journal_load((shards["s1"] / JOURNAL_KEY).read_bytes(), keyring=keyring)

    JournalEntry.objects.all().delete()
    ClusterState.objects.update(journal_counter=0)
    settings.SHOEBOX.journal_file.unlink()
    if fresh:
        monkeypatch.setattr(journal, "_newest_drawn", journal.NOTHING)
    image_delete(image=second)

    published = journal_load((shards["s1"] / JOURNAL_KEY).read_bytes(), keyring=keyring)
    assert set(published.entries) == {first.id, second.id}
    assert published.revision > known.revision


@pytest.mark.parametrize("where", ["file", "shards"])
def test_a_list_that_was_published_and_not_committed_names_no_image_that_is_live(
    shards, settings, tmp_path, where
):
    image = make_image(make_user(), tmp_path).image
    image_delete(image=image)
    if where == "file":
        for root in shards.values():
            (root / JOURNAL_KEY).unlink()
    else:
        settings.SHOEBOX.journal_file.unlink()
    ClusterState.objects.update(journal_counter=F("journal_counter") - 1)  # as after a crash
    image.refresh_from_db()
    image_restore(image=image)
    assert not JournalEntry.objects.exists()


def test_a_scrub_adopts_what_was_stored_by_a_version_the_index_lacks(shards, settings, tmp_path):
    owner = make_user()
    made_ready(owner, tmp_path)
    before = ClusterState.objects.get().topology_revision
    (tmp_path / "shards" / "s5").mkdir()
    shard_add(name="s5", url=f"file://{tmp_path}/shards/s5", zone="z1")
    shard_activate(names=["s5"])
    later = made_ready(owner, tmp_path)
    number = later.image_id.version
    assert TopologyVersion.objects.count() == 2

    Image.objects.filter(id=later.id).delete()
    TopologyVersion.objects.filter(number=number).delete()
    Shard.objects.filter(name="s5").delete()
    ClusterState.objects.update(topology_revision=before)
    settings.SHOEBOX.topology_file.unlink()
    snapshot._cached = None

    scrub("--apply", "--no-uploads")
    assert Image.objects.get(id=later.id).state == "ready"
    assert TopologyVersion.objects.filter(number=number).exists()
    assert scrub("--again")["status"] == 0


def test_a_publication_by_hand_is_a_new_revision(shards, settings):
    # Readers keep what they have of the same one, and it is signed with the key before.
    def published():
        return topology_load(
            file_read(settings.SHOEBOX.topology_file), keyring=settings.SHOEBOX.keyring
        )

    before = published()
    call_command("shard", "publish")
    assert published().revision == before.revision + 1
    assert published().shards == before.shards
