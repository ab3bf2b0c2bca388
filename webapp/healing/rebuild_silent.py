"""Silence: shards that do not answer may hold what nobody else has."""

from collections.abc import Collection

from webapp.cluster.stores import fleet
from webapp.core.errors import ShardsUnavailableError
from webapp.core.keys import IDENTITY_KEY
from webapp.core.placement import positions
from webapp.core.topology import Topology
from webapp.storage.everywhere import stat_all


def silent_shards(topology: Topology) -> set[str]:
    """Return the shards that cannot be asked now: away, not themselves, or set to be so.

    A dead shard whose share was restored hides nothing and is not among them.
    """
    names = [entry.name for entry in topology.shards.values() if entry.state.readable]
    answers = stat_all(fleet().stores(topology, names), IDENTITY_KEY)
    away = {n for n in topology.shards if n not in names and not topology.emptied(n)}
    return away | set(answers.silent)


def silent_check(topology: Topology, partition: str, silent: Collection[str]) -> None:
    """Refuse when an acknowledged image of a partition may lie on silent positions alone.

    Raises:
        ShardsUnavailableError: W or more of its positions are silent under some version.
    """
    for version in topology.versions.values():
        hidden = [s.name for s in positions(version, partition) if s.name in silent]
        if len(hidden) >= version.quorum:
            raise ShardsUnavailableError(
                f"{', '.join(hidden)} do not answer: of partition {partition}, version "
                f"{version.number}, an image may lie there alone. Bring them back, or go on "
                "without with --accept-missing."
            )
