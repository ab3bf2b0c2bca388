"""The topology as the index has it, cached until its revision changes."""

import time
from types import MappingProxyType

from django.db import connection

from webapp.cluster.models import ClusterState, Pool, Shard, TopologyVersion
from webapp.core.errors import ShardsUnavailableError
from webapp.core.topology import Topology
from webapp.core.topology import TopologyVersion as CoreVersion

_REVISION = "SELECT topology_revision FROM cluster_clusterstate WHERE id = %s"
_cached: Topology | None = None


def cluster_state() -> ClusterState:
    """Return the one row of the cluster's counters."""
    state, _ = ClusterState.objects.get_or_create(id=ClusterState.ONLY)
    return state


def topology_build(revision: int) -> Topology:
    """Return the topology the rows describe, as ``revision``."""
    rows = list(TopologyVersion.objects.all())
    versions = {row.number: row.core for row in rows}
    shards = {row.name: row.entry for row in Shard.objects.all()}
    moves = {row.number: row.moved_to for row in rows if row.moved_to is not None}
    return Topology(
        revision, MappingProxyType(versions), MappingProxyType(shards), MappingProxyType(moves)
    )


def topology_now() -> Topology:
    """Return the published topology. One small query while nothing changed.

    By hand, as every image asks several times: Django composes it for longer than it runs.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REVISION, [ClusterState.ONLY])
        row = cursor.fetchone()
    return topology_at(row[0] if row else 0)


def topology_at(revision: int) -> Topology:
    """Return the published topology; no query while the one at hand is of ``revision``."""
    global _cached  # noqa: PLW0603 - a cache of immutable values, keyed by revision
    if _cached is None or _cached.revision != revision:
        _cached = topology_build(revision)
    return _cached


def version_current(topology: Topology, pool: str) -> CoreVersion:
    """Return the version new images of ``pool`` are named under at this moment.

    Raises:
        ShardsUnavailableError: The pool has none yet; an operator must activate shards.
    """
    version = topology.current(pool, now=time.time())
    if version is None:
        raise ShardsUnavailableError(
            f"Pool {pool!r} has no shards in use yet; `manage.py shard activate` adds some."
        )
    return version


def pool_names() -> list[str]:
    """Return the names of all pools."""
    return list(Pool.objects.order_by("name").values_list("name", flat=True))
