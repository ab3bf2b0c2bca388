"""Pools: groups of shards with their own replica counts and quorum."""

from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from webapp.audit.actions import Action
from webapp.audit.services import audit_add
from webapp.cluster.models import Pool
from webapp.cluster.snapshot import topology_now
from webapp.cluster.validation import said_of
from webapp.core.errors import ConflictError, MalformedRequestError
from webapp.core.topology import DEFAULT_QUORUM


def pool_add(
    *,
    name: str,
    replica_count: int | None = None,
    rendition_replica_count: int | None = None,
    quorum: int = DEFAULT_QUORUM,
) -> Pool:
    """Return a new pool. It takes images once shards were added to it and activated.

    Args:
        name: Unique; lower-case letters, digits, dashes.
        replica_count: R of an original; None: as the settings say.
        rendition_replica_count: Of a rendition, at most R; None: as the settings say.
        quorum: W, positions that must accept an upload, at most R.

    Raises:
        ConflictError: The name is taken.
        MalformedRequestError: A value is not of its form, or they contradict each other.
    """
    replicas = settings.SHOEBOX.replica_count if replica_count is None else replica_count
    few = rendition_replica_count
    if few is None:
        few = min(settings.SHOEBOX.rendition_replica_count, replicas)
    pool = Pool(name=name, replica_count=replicas, rendition_replica_count=few, quorum=quorum)
    _check(pool)
    try:
        with transaction.atomic():
            pool.save(force_insert=True)
            audit_add(action=Action.POOL_CHANGE, subject=name, details=_told(pool))
    except IntegrityError:
        raise ConflictError(f"There is a pool {name!r} already.") from None
    return pool


def _check(pool: Pool) -> None:
    try:
        pool.full_clean(validate_unique=False)
    except ValidationError as error:
        raise MalformedRequestError(f"Pool {pool.name!r}: {said_of(error, pool)}.") from None
    if max(pool.quorum, pool.rendition_replica_count) > pool.replica_count:
        raise MalformedRequestError(
            f"Pool {pool.name!r}: {pool.replica_count} replicas cannot give a quorum of "
            f"{pool.quorum} or {pool.rendition_replica_count} replicas of renditions."
        )


def _told(pool: Pool) -> dict[str, object]:
    return {
        "replica_count": pool.replica_count,
        "rendition_replica_count": pool.rendition_replica_count,
        "quorum": pool.quorum,
    }


def pool_rows() -> Iterator[str]:
    """Yield a heading and a line per pool: what new versions have, its versions, its shards."""
    versions = topology_now().versions.values()
    yield f"{'POOL':<16}{'R':>3}{'RENDITIONS':>12}{'W':>3}  {'VERSIONS':<12}SHARDS"
    for pool in Pool.objects.prefetch_related("shards").order_by("name"):
        numbers = ",".join(str(v.number) for v in versions if v.pool == pool.name) or "none"
        names = ", ".join(f"{shard.name} ({shard.state})" for shard in pool.shards.all())
        yield (
            f"{pool.name:<16}{pool.replica_count:>3}{pool.rendition_replica_count:>12}"
            f"{pool.quorum:>3}  {numbers:<12}{names or 'none'}"
        )
