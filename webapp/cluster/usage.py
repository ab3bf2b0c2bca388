"""What is cheaply known of how full the shards are."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from webapp.cluster.models import Shard
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import ConfigurationError
from webapp.core.placement import shares
from webapp.core.topology import TopologyVersion
from webapp.storage.address import DirectoryAddress, address_parse


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Bytes of the disk a directory shard lies on."""

    used: int
    total: int


def share_of(shard: Shard) -> float:
    """Return the part of new images that a shard is a home of; 0 when it takes none."""
    version = topology_now().current(shard.pool_id, now=time.time())
    return _shares(version).get(shard.name, 0.0) if version else 0.0


@lru_cache(maxsize=64)
def _shares(version: TopologyVersion) -> Mapping[str, float]:
    return shares(version)  # walks every partition; a version never changes


def shards_full() -> dict[str, str]:
    """Return the shards that are full, and what the system did about each."""
    return dict(Shard.objects.exclude(full_reason="").values_list("name", "full_reason"))


def disk_usage_of(shard: Shard) -> DiskUsage | None:
    """Return how full the disk of a directory shard is; None where that is not known."""
    try:
        address = address_parse(shard.entry)
        if not isinstance(address, DirectoryAddress):
            return None
        usage = shutil.disk_usage(address.root)
    except (ConfigurationError, OSError):
        return None
    return DiskUsage(usage.used, usage.total)
