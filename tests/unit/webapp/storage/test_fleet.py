"""The stores of all shards a process talks to."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from tests.unit.webapp.storage.stores import DATA, KEY, LABEL
from webapp.core.errors import ConfigurationError, ShardIdentityError, ShardUnavailableError
from webapp.core.shards import ShardEntry, ShardSpec, ShardState
from webapp.core.topology import Topology
from webapp.storage.directory import DirectoryStore
from webapp.storage.fleet import Fleet, store_open
from webapp.storage.identity import identity_write

BRACKETS = str.maketrans("[]", "--")


@pytest.fixture
def entry(request):
    """Describe a memory shard no other test uses, with its identity written."""
    entry = ShardEntry(
        "a", f"memory://{request.node.name.translate(BRACKETS)}", ShardState.ACTIVE, "identity"
    )
    identity_write(store_open(entry, {}), "a", "identity")
    return entry


@pytest.fixture
def fleet():
    return Fleet({})


def topology(*entries: ShardEntry) -> Topology:
    return Topology(1, MappingProxyType({}), MappingProxyType({e.name: e for e in entries}))


S3_ENTRY = ShardEntry("s", "s3+http://127.0.0.1:1/bucket", ShardState.ACTIVE, "identity")


def test_a_store_is_built_once(fleet, entry):
    assert fleet.store(entry) is fleet.store(entry)


def test_a_state_that_changes_keeps_the_store(fleet, entry):
    assert fleet.store(entry) is fleet.store(replace(entry, state=ShardState.READ_ONLY))


def test_a_url_that_changes_builds_another_store(fleet, entry, tmp_path):
    fleet.store(entry)
    moved = replace(entry, url=f"file://{tmp_path}")
    assert isinstance(fleet.store(moved).inner, DirectoryStore)


def test_options_that_change_build_another_store():
    fleet = Fleet({"s": ("key", "secret-key")})
    other = replace(S3_ENTRY, options={"checksum": "when_required"})
    assert fleet.store(S3_ENTRY) is not fleet.store(other)


def test_a_store_is_guarded_by_the_identity_of_the_topology(fleet, entry):
    with pytest.raises(ShardIdentityError):
        fleet.store(replace(entry, identity="another")).put(KEY, DATA, label=LABEL)


def test_a_folder_without_identity_is_guarded_before_every_write(fleet, tmp_path):
    entry = ShardEntry("d", f"file://{tmp_path}", ShardState.ACTIVE, "identity")
    identity_write(store_open(entry, {}), "d", "identity")
    fleet.store(entry).put(KEY, DATA, label=LABEL)
    (tmp_path / "_shoebox" / "shard.json").unlink()
    with pytest.raises(ShardIdentityError):
        fleet.store(entry).put(KEY, DATA, label=LABEL)


def test_an_open_store_is_not_guarded(entry):
    bare = store_open(replace(entry, identity="another"), {})
    bare.put(KEY, DATA, label=LABEL)
    assert bare.stat(KEY) is not None


def test_an_unknown_scheme_stops(fleet, entry):
    with pytest.raises(ConfigurationError, match="ftp"):
        fleet.store(replace(entry, url="ftp://host/bucket"))


def test_an_s3_shard_without_credentials_stops(fleet):
    with pytest.raises(ConfigurationError, match="no credentials"):
        fleet.store(S3_ENTRY)


def test_stores_come_in_the_order_of_the_names(fleet, entry):
    other = replace(entry, name="b", url=entry.url + "-b")
    stores = fleet.stores(topology(entry, other), ["b", "a"])
    assert [store.name for store in stores] == ["b", "a"]


@pytest.mark.parametrize("name", ["s", "nobody"])
def test_a_shard_this_process_cannot_talk_to_is_one_that_does_not_answer(fleet, entry, name):
    strange, good = fleet.stores(topology(entry, S3_ENTRY), [name, "a"])
    with pytest.raises(ShardUnavailableError):
        strange.stat(KEY)
    assert good.stat(KEY) is None


def test_an_unreachable_store_refuses_everything(fleet):
    (store,) = fleet.stores(topology(), ["nobody"])
    calls = (
        lambda: store.put(KEY, DATA, label=LABEL),
        lambda: store.open(KEY),
        lambda: store.stat(KEY),
        lambda: store.delete(KEY),
        store.keys,
    )
    for call in calls:
        with pytest.raises(ShardUnavailableError, match="nobody"):
            call()


def test_positions_pair_shards_with_their_stores(fleet, entry):
    spec = ShardSpec("a", "zone")
    assert fleet.positions(topology(entry), [spec]) == [(spec, fleet.store(entry))]


def test_the_same_memory_name_is_the_same_store(entry):
    store_open(entry, {}).put(KEY, DATA, label=LABEL)
    assert store_open(entry, {}).stat(KEY) is not None


@pytest.fixture
def disk(tmp_path):
    """Describe a shard in a folder, and give what lies there."""
    root = tmp_path / "disk"
    root.mkdir()
    entry = ShardEntry("d", f"file://{root}", ShardState.ACTIVE, "identity")
    identity_write(store_open(entry, {}), "d", "identity")
    return entry, root


def test_a_disk_that_goes_away_between_two_writes_takes_none(fleet, disk):
    entry, root = disk
    store = fleet.store(entry)
    for _ in range(2):  # the second one is believed at a glance
        store.put(KEY, DATA, label=LABEL)
    root.rename(root.with_name("elsewhere"))
    root.mkdir()  # what is there where nothing is mounted
    with pytest.raises(ShardIdentityError):
        store.put(KEY, DATA, label=LABEL)
    assert not list(root.rglob("original"))


def test_another_disk_in_its_place_takes_no_write(fleet, disk, tmp_path):
    entry, root = disk
    store = fleet.store(entry)
    store.put(KEY, DATA, label=LABEL)
    root.rename(root.with_name("elsewhere"))
    root.mkdir()
    identity_write(DirectoryStore("d", root), "d", "another")
    with pytest.raises(ShardIdentityError):
        store.put(KEY, DATA, label=LABEL)


def test_a_disk_that_comes_back_takes_writes_again(fleet, disk):
    entry, root = disk
    store = fleet.store(entry)
    store.put(KEY, DATA, label=LABEL)
    away = root.rename(root.with_name("elsewhere"))
    with pytest.raises(ShardUnavailableError):
        store.put(KEY, DATA, label=LABEL)
    away.rename(root)
    store.put(KEY, DATA, label=LABEL)
