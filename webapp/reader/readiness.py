"""Readiness: what is degraded, by name."""

import json
from dataclasses import dataclass
from typing import Final

from webapp.core.journal import Journal
from webapp.core.topology import Topology
from webapp.reader.follower import Follower
from webapp.reader.shards import Shards

STALE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """What /readyz says.

    Args:
        ready: Whether to send requests here.
        degraded: Names of what is not as it should be; empty when all is well.
        document: All of it, as JSON.
    """

    ready: bool
    degraded: tuple[str, ...]
    document: bytes


def readiness(
    *,
    topology: Follower[Topology],
    journal: Follower[Journal],
    shards: Shards,
    shared_away: bool,
    closing: bool,
    render_away: bool = False,
) -> Readiness:
    """Return whether this process can serve, and what is missing.

    It can while it has a topology and one shard answers. A stale topology or journal is
    named and does not stop it: images that are there are there.
    """
    unreachable = shards.unreachable()
    slow = [name for name in shards.slow() if name not in unreachable]
    reachable = shards.reachable()
    documents = {"topology": _document(topology), "journal": _document(journal)}
    degraded = [
        *(["closing"] if closing else []),
        *(name for name, state in documents.items() if not state["fresh"]),
        *(f"shard:{name}" for name in unreachable),
        *(f"slow:{name}" for name in slow),
        *(["shared-cache"] if shared_away else []),
        *(["render"] if render_away else []),
    ]
    ready = topology.data is not None and bool(reachable) and not closing
    status = "unavailable" if not ready else "degraded" if degraded else "ok"
    document = {
        "status": status,
        "degraded": degraded,
        **documents,
        "shards": {"reachable": reachable, "unreachable": unreachable, "slow": slow},
    }
    return Readiness(ready, tuple(degraded), json.dumps(document).encode())


def _document(follower: Follower[Topology] | Follower[Journal]) -> dict[str, object]:
    known = follower.data is not None
    age = follower.age
    return {
        "known": known,
        "revision": follower.value.revision,
        "confirmed_seconds_ago": round(age, 1) if age < float("inf") else None,
        "fresh": age <= STALE_SECONDS,
    }
