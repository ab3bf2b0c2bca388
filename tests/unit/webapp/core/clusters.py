"""Small topologies for tests."""

from webapp.core.shards import ShardEntry, ShardSpec, ShardState
from webapp.core.topology import Topology, version_make


def make_shards(count, *, zones):
    return [ShardSpec(f"s{i}", f"z{i % zones}") for i in range(count)]


def make_version(shards, *, number=0, replicas=3, pool="default", current_from=0.0):
    return version_make(
        number=number,
        pool=pool,
        shards=shards,
        replica_count=replicas,
        rendition_replica_count=2,
        current_from=current_from,
    )


def make_topology(version, states=None, *, revision=1):
    states = states or {}
    entries = {
        s.name: ShardEntry(
            s.name, f"memory://{s.name}", states.get(s.name, ShardState.ACTIVE), f"id-{s.name}"
        )
        for s in version.shards
    }
    return Topology(revision, {version.number: version}, entries)
