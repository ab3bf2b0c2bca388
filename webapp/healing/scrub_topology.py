"""The topology when the index may be away: its own, or the newest signed one there is."""

import structlog
from django.db import DatabaseError, InterfaceError

from webapp.cluster.snapshot import topology_now
from webapp.core.topology import Topology

log = structlog.get_logger(__name__)


def topology_indexed() -> Topology | None:
    """Return the topology of the index; None when the index does not answer, or is empty."""
    try:
        topology = topology_now()
    except (DatabaseError, InterfaceError, OSError) as error:
        log.warning("index away", error=str(error).strip())
        return None
    return topology if topology.shards else None
