"""Publications reach the shards outside the index's lock: one that hangs stops no upload."""

import pytest
from django.db import connection

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.cluster import publishing
from webapp.cluster.publishing import topology_republish
from webapp.cluster.services import shard_set_state
from webapp.cluster.snapshot import topology_now
from webapp.core.journal import journal_load
from webapp.core.keys import JOURNAL_KEY, TOPOLOGY_KEY
from webapp.core.shards import ShardState
from webapp.core.topology import topology_load
from webapp.images.services import image_delete, journal, journal_publish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def image(shards, tmp_path):
    return make_image(make_user(), tmp_path).image


@pytest.fixture
def meanwhile(monkeypatch):
    """Do something once, when all is drawn up and a shard is about to be written."""

    def arrange(module, act):
        publish, acts = module.document_publish, [act]

        def publish_after(stores, key, data, **options):
            assert not connection.in_atomic_block
            while acts:
                acts.pop()()
            return publish(stores, key, data, **options)

        monkeypatch.setattr(module, "document_publish", publish_after)

    return arrange


def read_all(shards, key):
    return [(root / key).read_bytes() for root in shards.values()]


def test_an_upload_is_stored_while_a_shard_keeps_the_journal_waiting(shards, meanwhile, tmp_path):
    owner, stored = make_user(), []
    meanwhile(journal, lambda: stored.append(make_image(owner, tmp_path)))
    journal_publish()
    assert stored[0].image.state == "stored"


def test_a_journal_that_was_overtaken_does_not_stay_over_the_newer_one(
    shards, image, meanwhile, settings
):
    meanwhile(journal, lambda: image_delete(image=image))
    last = journal_publish()
    for data in read_all(shards, JOURNAL_KEY):
        found = journal_load(data, keyring=settings.SHOEBOX.keyring)
        assert (found.revision, image.id in found) == (last, True)


def test_an_upload_is_stored_while_a_shard_keeps_the_topology_waiting(shards, meanwhile, tmp_path):
    owner, stored = make_user(), []
    meanwhile(publishing, lambda: stored.append(make_image(owner, tmp_path)))
    topology_republish()
    assert stored[0].image.state == "stored"


def test_a_topology_that_was_overtaken_does_not_stay_over_the_newer_one(
    shards, monkeypatch, settings
):
    spread, changes = publishing._spread, [ShardState.READ_ONLY]

    def change_first(topology):
        if changes:
            shard_set_state(name="s1", state=changes.pop())
        spread(topology)

    monkeypatch.setattr(publishing, "_spread", change_first)
    assert topology_republish() == topology_now()
    for data in read_all(shards, TOPOLOGY_KEY):
        found = topology_load(data, keyring=settings.SHOEBOX.keyring)
        assert found.shards["s1"].state is ShardState.READ_ONLY
