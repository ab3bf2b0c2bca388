import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.webapp.core.clusters import make_shards, make_topology, make_version
from webapp.core.errors import SignatureError, TopologyConflictError, UnknownVersionError
from webapp.core.shards import ShardEntry, ShardSpec, ShardState
from webapp.core.signing import Keyring
from webapp.core.topology import (
    EMPTY,
    Topology,
    topology_check,
    topology_dump,
    topology_load,
    with_shard,
    with_version,
)

KEYS = Keyring.parse("k1:" + "ab" * 32)
ROTATED = Keyring.parse("k2:" + "cd" * 32 + ",k1:" + "ab" * 32)
VERSION = make_version(make_shards(4, zones=2))


def test_a_document_round_trips():
    topology = make_topology(VERSION, {"s1": ShardState.DRAINING}, revision=7)
    assert topology_load(topology_dump(topology, keyring=KEYS), keyring=KEYS) == topology


def test_a_document_signed_by_the_older_of_two_keys_is_accepted():
    data = topology_dump(make_topology(VERSION), keyring=KEYS)
    assert topology_load(data, keyring=ROTATED).revision == 1


def test_a_document_of_an_unknown_key_is_refused():
    data = topology_dump(make_topology(VERSION), keyring=ROTATED)
    with pytest.raises(SignatureError, match="k2"):
        topology_load(data, keyring=KEYS)


def test_a_forged_document_is_refused():
    envelope = json.loads(topology_dump(make_topology(VERSION), keyring=KEYS))
    envelope["topology"]["revision"] = 99
    with pytest.raises(SignatureError):
        topology_load(json.dumps(envelope).encode(), keyring=KEYS)


@given(length=st.integers(0, 400))
def test_a_document_cut_anywhere_is_refused(length):
    data = topology_dump(make_topology(VERSION), keyring=KEYS)
    with pytest.raises(SignatureError):
        topology_load(data[:length], keyring=KEYS)


@given(data=st.binary(max_size=200))
def test_any_other_bytes_are_refused(data):
    with pytest.raises(SignatureError):
        topology_load(data, keyring=KEYS)


def test_replica_count_is_capped_at_the_number_of_shards():
    version = make_version(make_shards(2, zones=1), replicas=3)
    assert (version.replica_count, version.quorum) == (2, 2)


def test_the_quorum_is_one_only_with_one_shard():
    assert make_version(make_shards(1, zones=1)).quorum == 1


def test_a_version_counts_from_its_time_on():
    later = make_version(make_shards(5, zones=2), number=1, current_from=100.0)
    topology = with_version(make_topology(VERSION), later)
    assert topology.current("default", now=99.9) == VERSION
    assert topology.current("default", now=100.0) == later
    assert topology.current("other", now=100.0) is None


def test_versions_are_never_edited():
    with pytest.raises(TopologyConflictError):
        with_version(make_topology(VERSION), VERSION)


def test_a_conflict_with_a_known_version_is_found():
    known = make_topology(VERSION)
    edited = replace(VERSION, shards=(ShardSpec("other", "z0"),))
    new = replace(known, revision=2, versions={0: edited})
    with pytest.raises(TopologyConflictError, match="Version 0"):
        topology_check(known=known, new=new)


def test_a_shard_that_became_another_store_is_a_conflict():
    known = make_topology(VERSION)
    other = ShardEntry("s0", "memory://s0", ShardState.ACTIVE, "somebody-else")
    with pytest.raises(TopologyConflictError, match="s0"):
        topology_check(known=known, new=with_shard(known, other))


def test_a_forgotten_shard_is_a_conflict():
    known = make_topology(VERSION)
    with pytest.raises(TopologyConflictError):
        topology_check(known=known, new=Topology(2, known.versions, {}))


def test_a_changed_state_is_no_conflict():
    known = make_topology(VERSION)
    entry = replace(known.shards["s0"], state=ShardState.DEAD)
    topology_check(known=known, new=with_shard(known, entry))


def test_an_unknown_version_is_not_a_missing_image():
    with pytest.raises(UnknownVersionError):
        EMPTY.version(3)


def test_a_shard_nobody_knows_counts_as_dead():
    assert EMPTY.state("s9") is ShardState.DEAD


def test_states_are_all_different():
    assert len({state.label for state in ShardState}) == len(list(ShardState)) == 6
    with pytest.raises(ValueError, match="asleep"):
        ShardState.named("asleep")
