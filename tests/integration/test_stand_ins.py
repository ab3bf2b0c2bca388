"""Copies of renditions that stood in for a slow home go again, and need no scrub for it."""

from dataclasses import replace

import pytest

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.cluster.clock import index_now
from webapp.cluster.snapshot import topology_now
from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.core.label import Label
from webapp.core.signing import bytes_digest
from webapp.images.copies import Placement
from webapp.images.models import Image
from webapp.images.services import renditions as storing
from webapp.storage.directory import DirectoryStore
from workers.renditions import make_renditions
from workers.replication import replicate

pytestmark = pytest.mark.django_db(transaction=True)
RENDITION = "w320.webp"


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"handoff_grace_seconds": 0.0})
    return make_cluster(tmp_path)


def holding(shards, image):
    key = blob_key(id_parse(image.id), RENDITION)
    return {shard for shard, root in shards.items() if (root / key).exists()}


def test_a_home_that_took_a_rendition_late_leaves_no_copy_too_many(shards, tmp_path, monkeypatch):
    image = make_image(make_user(), tmp_path).image
    replicate(image.id)
    taken = []

    def one_too_many(**options):
        """Return as when the second home is slow, and takes it when another has it already."""
        wanted = options["wanted"] + 1
        written = write(**{**options, "wanted": wanted, "quorum": wanted})
        taken.append(len(written.placed))
        return written

    write = storing.quorum_write
    monkeypatch.setattr(storing, "quorum_write", one_too_many)
    make_renditions(image.id)

    assert set(taken) == {3}
    assert len(holding(shards, image)) == 2
    assert Image.objects.get(id=image.id).due_at is None


def test_somebody_comes_back_for_a_copy_that_may_land_late(shards, tmp_path, monkeypatch):
    image = make_image(make_user(), tmp_path).image
    replicate(image.id)
    positions = [spec.name for spec in Placement.of(image.image_id, topology_now()).positions()]

    def late(**options):
        """Return as when the stand-in for a home that was slow is still under way."""
        return replace(write(**options), late=frozenset(positions[2:]))

    write = storing.quorum_write
    monkeypatch.setattr(storing, "quorum_write", late)
    make_renditions(image.id)

    due = Image.objects.get(id=image.id).due_at
    assert due > index_now()
    key = blob_key(id_parse(image.id), RENDITION)
    data = (shards[positions[0]] / key).read_bytes()
    landed = DirectoryStore(positions[2], shards[positions[2]])
    landed.put(key, data, label=Label(bytes_digest(data), "image/webp"))
    assert len(holding(shards, image)) == 3
    replicate(image.id)
    assert len(holding(shards, image)) == 2
    assert Image.objects.get(id=image.id).due_at is None
