"""Publishing the topology: to every shard and to a local file, and importing what is newer.

A publication is ordered by one locked row. The document reaches the shards before the
transaction commits: a reader may know a version the index does not have yet, never the
other way round. What a crash leaves on the shards is imported by the next publication.
"""

from collections.abc import Callable, Iterable

import structlog
from django.conf import settings
from django.db import transaction

from webapp.cluster.models import ClusterState, Pool, Shard, TopologyVersion
from webapp.cluster.snapshot import cluster_state, topology_build, topology_now
from webapp.cluster.stores import fleet
from webapp.core.errors import ShardsUnavailableError, SignatureError
from webapp.core.keys import TOPOLOGY_KEY
from webapp.core.shards import ShardEntry, ShardState
from webapp.core.topology import Topology, topology_check, topology_dump, topology_load
from webapp.core.topology import TopologyVersion as CoreVersion
from webapp.storage.base import BlobStore
from webapp.storage.documents import document_fetch_all, document_publish, file_publish, file_read

log = structlog.get_logger(__name__)

ROUNDS = 3
"""Beyond that others publish all the while, and one of them is the last."""


def _nothing() -> None:
    """Move no shard."""


def topology_publish(
    *, change: Callable[[], None], move: Callable[[], None] = _nothing
) -> Topology:
    """Apply ``change`` to the rows and publish the topology they then describe.

    Afterwards the document is on the local file and on every shard that answers, and the
    change is committed; or neither the change nor the index moved.

    Args:
        change: Edits rows of shards, pools and versions; runs inside the transaction.
        move: Edits where shards are, before what is newer is looked for: there, and not where
            they were. Runs again after, because what is found may name the old places.

    Raises:
        TopologyConflictError: A newer document on file or shards contradicts the index.
        ShardsUnavailableError: No shard took the document; nothing was changed.
    """
    with transaction.atomic():
        state = _lock()
        move()
        known = topology_import(state)
        move()
        change()
        topology = topology_build(known.revision + 1)
        topology_check(known=known, new=topology)
        _spread(topology)
        state.topology_revision = topology.revision
        state.save(update_fields=["topology_revision"])
    return topology


def _lock() -> ClusterState:
    cluster_state()
    return ClusterState.objects.select_for_update().get(id=ClusterState.ONLY)


def topology_import(state: ClusterState) -> Topology:
    """Take over what is newer on file or shards, and return what is then known.

    Raises:
        TopologyConflictError: It contradicts the index.
    """
    known = topology_build(state.topology_revision)
    newest = max([known, *_published(known)], key=lambda topology: topology.revision)
    _take_over(newest, known)
    return newest


def _take_over(newest: Topology, known: Topology) -> None:
    if newest.revision <= known.revision:
        return
    topology_check(known=known, new=newest)
    for entry in newest.shards.values():
        _entry_import(newest, entry)
    for version in newest.versions.values():
        _version_import(version, newest.moves.get(version.number))
    log.info("topology imported", revision=newest.revision, had=known.revision)


def topology_restore(topology: Topology) -> None:
    """Make the index describe a topology that was found on shards or file; publish nothing.

    Raises:
        TopologyConflictError: It contradicts what the index has.
    """
    with transaction.atomic():
        state = _lock()
        _take_over(topology, topology_build(state.topology_revision))
        state.topology_revision = max(topology.revision, state.topology_revision)
        state.save(update_fields=["topology_revision"])


def _published(known: Topology) -> Iterable[Topology]:
    found = [file_read(settings.SHOEBOX.topology_file)]
    stores = _stores(known, lambda state: state.readable)
    found += document_fetch_all(stores, TOPOLOGY_KEY).given.values()
    for data in filter(None, found):
        try:
            yield topology_load(data, keyring=settings.SHOEBOX.keyring)
        except SignatureError as error:
            log.warning("topology refused", detail=error.detail)


def _spread(topology: Topology) -> None:
    data = topology_dump(topology, keyring=settings.SHOEBOX.keyring)
    stores = _stores(topology, lambda state: state.takes_records)
    accepted = document_publish(stores, TOPOLOGY_KEY, data)
    if stores and not accepted:
        raise ShardsUnavailableError("No shard took the topology; nothing was changed.")
    file_publish(settings.SHOEBOX.topology_file, data)
    log.info("topology published", revision=topology.revision, shards=accepted)


def _stores(topology: Topology, may: Callable[[ShardState], bool]) -> list[BlobStore]:
    names = [entry.name for entry in topology.shards.values() if may(entry.state)]
    return fleet().stores(topology, names)


def topology_republish() -> Topology:
    """Put the present document again wherever it is missing; changes nothing else.

    Brought to the shards without the locked row: one that hangs must not keep uploads from
    the index. When a newer one was published meanwhile it is brought there once more, so that
    an older one does not stay over it.
    """
    for _ in range(ROUNDS):
        topology = _imported()
        _spread(topology)
        if topology_now().revision <= topology.revision:
            break
    return topology


def _imported() -> Topology:
    """Return the newest topology anybody knows; what is newer than the index is taken over."""
    known = topology_now()
    if all(topology.revision <= known.revision for topology in _published(known)):
        return known
    with transaction.atomic():
        state = _lock()
        newest = topology_import(state)
        state.topology_revision = max(newest.revision, state.topology_revision)
        state.save(update_fields=["topology_revision"])
    return newest


def _entry_import(newest: Topology, entry: ShardEntry) -> None:
    row = Shard.objects.filter(name=entry.name).first()
    if row is None:
        pool, zone, weight = _placed_as(newest, entry.name)
        Pool.objects.get_or_create(name=pool)
        row = Shard(
            name=entry.name, identity=entry.identity, pool_id=pool, zone=zone, weight=weight
        )
    row.url, row.state, row.options = entry.url, entry.state.label, dict(entry.options)
    row.emptied = entry.emptied
    row.save()


def _placed_as(newest: Topology, name: str) -> tuple[str, str, float]:
    """Return pool, zone and weight of a shard by the newest version that places on it."""
    for number in sorted(newest.versions, reverse=True):
        for spec in newest.versions[number].shards:
            if spec.name == name:
                return newest.versions[number].pool, spec.zone, spec.weight
    return "default", "unknown", 1.0


def _version_import(version: CoreVersion, moved_to: int | None) -> None:
    Pool.objects.get_or_create(
        name=version.pool,
        defaults={
            "replica_count": version.replica_count,
            "rendition_replica_count": version.rendition_replica_count,
            "quorum": version.quorum,
        },
    )
    TopologyVersion.objects.update_or_create(
        number=version.number,
        defaults={"moved_to": moved_to},
        create_defaults={**version_fields(version), "moved_to": moved_to},
    )


def version_fields(version: CoreVersion) -> dict[str, object]:
    """Return the columns of a version's row."""
    return {
        "pool_id": version.pool,
        "replica_count": version.replica_count,
        "rendition_replica_count": version.rendition_replica_count,
        "quorum": version.quorum,
        "current_from": version.current_from,
        "shards": [{"name": s.name, "zone": s.zone, "weight": s.weight} for s in version.shards],
    }
