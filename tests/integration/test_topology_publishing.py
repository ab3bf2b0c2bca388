"""The topology on its way between index, shards and file."""

import json
import shutil
import time
from dataclasses import replace

import pytest
from django.core.management import call_command

from tests.factories import isolate, make_cluster
from webapp.cluster import publishing, services, snapshot
from webapp.cluster.models import ClusterState, Pool, Shard, TopologyVersion
from webapp.cluster.publishing import topology_republish
from webapp.cluster.services import shard_activate, shard_add, shard_set_state, shard_set_url
from webapp.cluster.snapshot import topology_now, version_current
from webapp.core.errors import (
    ConfigurationError,
    ConflictError,
    MalformedRequestError,
    NotFoundError,
    ShardsUnavailableError,
    ShardUnavailableError,
    TopologyConflictError,
)
from webapp.core.keys import IDENTITY_KEY, JOURNAL_KEY, TOPOLOGY_KEY
from webapp.core.label import Label
from webapp.core.shards import ShardSpec, ShardState
from webapp.core.signing import Keyring, bytes_digest
from webapp.core.topology import topology_dump, topology_load, with_shard
from webapp.healing import drain
from webapp.storage.directory import DirectoryStore
from webapp.storage.identity import identity_write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def keyring(settings):
    return settings.SHOEBOX.keyring


def lose_the_index():
    for model in (TopologyVersion, Shard, ClusterState):
        model.objects.all().delete()
    snapshot._cached = None


def test_every_shard_and_the_file_hold_what_was_published(shards, keyring, settings):
    published = settings.SHOEBOX.topology_file.read_bytes()
    assert topology_load(published, keyring=keyring) == topology_now()
    assert {(root / TOPOLOGY_KEY).read_bytes() for root in shards.values()} == {published}


def test_every_shard_says_who_it_is(shards):
    for name, root in shards.items():
        identity = str(Shard.objects.get(name=name).identity)
        assert identity in (root / IDENTITY_KEY).read_text()


def test_the_first_version_counts_at_once_and_the_next_after_thirty_seconds(shards, tmp_path):
    first = version_current(topology_now(), "default")
    (tmp_path / "s9").mkdir()
    shard_add(name="s9", url=f"file://{tmp_path}/s9", zone="z1")
    shard_activate(names=["s9"])
    topology = topology_now()
    assert version_current(topology, "default") == first
    later = topology.current("default", now=time.time() + 31)
    assert later.number == first.number + 1
    assert "s9" in {shard.name for shard in later.shards}


def test_a_joining_shard_is_in_no_version(shards, tmp_path):
    (tmp_path / "s9").mkdir()
    shard_add(name="s9", url=f"file://{tmp_path}/s9", zone="z1")
    topology = topology_now()
    assert topology.state("s9") is ShardState.JOINING
    assert all("s9" not in {s.name for s in v.shards} for v in topology.versions.values())


def test_an_index_that_lost_the_topology_takes_it_over_from_file_and_shards(shards):
    before = topology_now()
    lose_the_index()
    assert topology_republish().versions == before.versions
    assert Shard.objects.count() == 4
    assert {(s.name, s.zone) for s in Shard.objects.all()} == {
        ("s1", "z1"),
        ("s2", "z2"),
        ("s3", "z1"),
        ("s4", "z2"),
    }


def test_a_newer_topology_on_a_shard_is_imported_before_publishing(shards, keyring):
    known = topology_now()
    entry = replace(known.shards["s4"], state=ShardState.READ_ONLY)
    newer = with_shard(known, entry)
    write_blob(shards["s2"], topology_dump(newer, keyring=keyring))
    topology = shard_set_state(name="s1", state=ShardState.READ_ONLY)
    assert topology.revision == newer.revision + 1
    assert topology.state("s4") is ShardState.READ_ONLY
    assert Shard.objects.get(name="s4").state == "read_only"


def write_blob(root, data):
    """Put a topology on one shard as another write service would have."""
    label = Label(bytes_digest(data), "application/json")
    DirectoryStore("any", root).put(TOPOLOGY_KEY, data, label=label)


def test_a_contradicting_topology_stops_the_publication(shards, keyring):
    known = topology_now()
    version = replace(known.versions[0], shards=(ShardSpec("other", "z1"),))
    other = replace(known, revision=known.revision + 5, versions={0: version})
    write_blob(shards["s2"], topology_dump(other, keyring=keyring))
    with pytest.raises(TopologyConflictError):
        shard_set_state(name="s1", state=ShardState.READ_ONLY)
    assert Shard.objects.get(name="s1").state == "active"


def test_a_forged_topology_on_a_shard_is_passed_over(shards):
    known = topology_now()
    forged = topology_dump(replace(known, revision=99), keyring=Keyring.parse("k9:" + "ef" * 32))
    write_blob(shards["s2"], forged)
    assert shard_set_state(name="s1", state=ShardState.READ_ONLY).revision == known.revision + 1


def test_what_no_shard_takes_is_not_changed(shards):
    for root in shards.values():
        shutil.rmtree(root)
    with pytest.raises(ShardsUnavailableError):
        shard_set_state(name="s1", state=ShardState.READ_ONLY)
    assert Shard.objects.get(name="s1").state == "active"


def test_a_shard_that_was_away_gets_the_topology_again(shards):
    (shards["s3"] / TOPOLOGY_KEY).unlink()
    topology_republish()
    assert (shards["s3"] / TOPOLOGY_KEY).exists()


def test_everything_is_signed_anew_when_an_operator_says_so(shards, settings, capsys):
    keys = f"k2:{'5' * 64},{settings.SHOEBOX.signing_keys}"
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"signing_keys": keys})
    call_command("shard", "publish")
    assert "key k2" in capsys.readouterr().out
    for root in shards.values():
        for name in (TOPOLOGY_KEY, JOURNAL_KEY):
            assert json.loads((root / name).read_bytes())["key_id"] == "k2"


def test_a_name_is_never_used_again(shards, tmp_path):
    shard_set_state(name="s1", state=ShardState.DEAD)
    (tmp_path / "new").mkdir()
    with pytest.raises(ConflictError, match="never used again"):
        shard_add(name="s1", url=f"file://{tmp_path}/new", zone="z1")
    with pytest.raises(ConflictError, match="for ever"):
        shard_set_state(name="s1", state=ShardState.ACTIVE)


@pytest.mark.parametrize(
    "bring_back",
    [
        lambda: shard_set_state(name="s4", state=ShardState.ACTIVE),
        lambda: shard_activate(names=["s4"]),
        lambda: drain.drain_begin(name="s4"),
    ],
)
def test_a_shard_that_died_before_it_was_its_turn_stays_dead(shards, monkeypatch, bring_back):
    def after_it_died(*, change):
        monkeypatch.undo()
        shard_set_state(name="s4", state=ShardState.DEAD)
        return publishing.topology_publish(change=change)

    monkeypatch.setattr(services, "topology_publish", after_it_died)
    monkeypatch.setattr(drain, "topology_publish", after_it_died)
    with pytest.raises(ConflictError):
        bring_back()
    assert Shard.objects.get(name="s4").state == ShardState.DEAD.label


def test_a_shard_may_move_and_is_still_itself(shards, tmp_path):
    shutil.move(shards["s1"], tmp_path / "elsewhere")
    shard_set_url(name="s1", url=f"file://{tmp_path}/elsewhere")
    assert topology_now().shards["s1"].url.endswith("/elsewhere")
    topology_republish()
    assert (tmp_path / "elsewhere" / TOPOLOGY_KEY).exists()


@pytest.mark.parametrize("name", ["", "S1", "a b", "-a", "x" * 40])
def test_a_name_that_is_no_name_is_refused(shards, tmp_path, name):
    (tmp_path / "new").mkdir()
    with pytest.raises(MalformedRequestError):
        shard_add(name=name, url=f"file://{tmp_path}/new", zone="z1")


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused_before_the_store_is_touched(shards, tmp_path, weight):
    (tmp_path / "new").mkdir()
    with pytest.raises(MalformedRequestError, match="has the weight"):
        shard_add(name="s9", url=f"file://{tmp_path}/new", zone="z1", weight=weight)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_shard_that_was_not_added_leaves_no_pool(shards, tmp_path):
    with pytest.raises(ShardUnavailableError, match="has to be an empty folder"):
        shard_add(name="s9", url=f"file://{tmp_path}/not-there", zone="z1", pool="typo")
    assert not Pool.objects.filter(name="typo").exists()


def test_a_value_that_is_refused_is_named(shards, tmp_path):
    with pytest.raises(MalformedRequestError, match="zone 'z 1': Lower-case"):
        shard_add(name="s9", url=f"file://{tmp_path}", zone="z 1")
    with pytest.raises(MalformedRequestError, match="pool 'A B': Lower-case"):
        shard_add(name="s9", url=f"file://{tmp_path}", zone="z1", pool="A B")


def test_a_store_of_an_addition_that_was_broken_off_tells_the_way_out(shards, tmp_path):
    (tmp_path / "new").mkdir()
    identity_write(DirectoryStore("s9", tmp_path / "new"), "s9", "1")
    with pytest.raises(ConflictError, match=r"remove _shoebox/shard\.json"):
        shard_add(name="s9", url=f"file://{tmp_path}/new", zone="z1")


@pytest.mark.parametrize("url", ["ftp://x", "", "/srv/disk", "s3+https://store"])
def test_a_shard_does_not_move_to_what_is_no_store(shards, url):
    with pytest.raises(ConfigurationError, match="known forms"):
        shard_set_url(name="s1", url=url)
    assert topology_now().shards["s1"].url == f"file://{shards['s1']}"


def test_a_shard_does_not_move_to_where_another_is(shards):
    with pytest.raises(ConflictError, match="is shard 's2' already"):
        shard_set_url(name="s1", url=f"file://{shards['s2']}")


def test_an_unknown_shard_is_told_with_the_known_ones(shards):
    with pytest.raises(NotFoundError, match="s1, s2, s3, s4"):
        shard_activate(names=["s7"])
