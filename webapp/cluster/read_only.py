"""Read-only: the index takes no writes at the moment, and says why. Reads never notice."""

from webapp.cluster.models import ClusterState
from webapp.cluster.snapshot import cluster_state
from webapp.core.errors import ReadOnlyError

RETRY_SECONDS = 30


def read_only_reason() -> str:
    """Return why nothing may be written; empty when everything may. One small query."""
    rows = ClusterState.objects.filter(id=ClusterState.ONLY)
    return rows.values_list("read_only", flat=True).first() or ""


def read_only_set(*, reason: str) -> None:
    """Refuse writes from now on, in every process; an empty reason ends it."""
    cluster_state()
    ClusterState.objects.filter(id=ClusterState.ONLY).update(read_only=reason)


def writable_state() -> ClusterState:
    """Return the one row of the cluster's counters, for something that will be written.

    Raises:
        ReadOnlyError: Nothing may be written; says why. Trying again helps once it is over.
    """
    state = cluster_state()
    if state.read_only:
        raise read_only_error(state.read_only)
    return state


def read_only_error(reason: str) -> ReadOnlyError:
    """Return the error a write is answered with."""
    return ReadOnlyError(reason, retry_after=RETRY_SECONDS)
