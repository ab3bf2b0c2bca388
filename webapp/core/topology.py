"""The topology: a versioned list of shards, one signed document.

Versions are never edited and their numbers never reused, so a name placed under a version
can be found for ever. States and addresses of shards stand beside the versions and change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from webapp.core.errors import SignatureError, TopologyConflictError, UnknownVersionError
from webapp.core.shards import ShardEntry, ShardSpec, ShardState
from webapp.core.signing import Keyring, document_open, document_sign

PURPOSE = "topology"
FORMAT = 1
DEFAULT_QUORUM = 2
MIN_POSITIONS = 6


@dataclass(frozen=True, slots=True)
class TopologyVersion:
    """One frozen list of shards that names are placed on.

    Args:
        number: 0 to 32767, part of every id placed under it.
        pool: New images of this pool are named under its current version.
        replica_count: R, copies of an original.
        rendition_replica_count: Copies of a rendition, at most R.
        quorum: W, positions that must accept before an upload is acknowledged.
        shards: What is placed on, ordered by name.
        current_from: Seconds since 1970 from which new images are named under it.
    """

    number: int
    pool: str
    replica_count: int
    rendition_replica_count: int
    quorum: int
    shards: tuple[ShardSpec, ...]
    current_from: float

    @property
    def position_count(self) -> int:
        """H: how many positions of a placement are ever used."""
        return max(2 * self.replica_count, MIN_POSITIONS)


def version_make(
    *,
    number: int,
    pool: str,
    shards: Iterable[ShardSpec],
    replica_count: int,
    rendition_replica_count: int,
    current_from: float,
    quorum: int = DEFAULT_QUORUM,
) -> TopologyVersion:
    """Return a version with R capped at its shard count and W fixed.

    W is lowered only by the number of shards there are, never by their states.
    """
    ordered = tuple(sorted(shards, key=lambda shard: shard.name))
    replicas = min(replica_count, len(ordered))
    return TopologyVersion(
        number=number,
        pool=pool,
        replica_count=replicas,
        rendition_replica_count=min(rendition_replica_count, replicas),
        quorum=min(quorum, len(ordered)),
        shards=ordered,
        current_from=current_from,
    )


@dataclass(frozen=True)
class Topology:
    """All versions, and every shard as it is now.

    Args:
        revision: Counts publications; the highest valid one wins everywhere.
        versions: By number.
        shards: By name; dead shards stay, their names are never used again.
        moves: Version → newer version that its images are placed under now, for good.
    """

    revision: int
    versions: Mapping[int, TopologyVersion]
    shards: Mapping[str, ShardEntry]
    moves: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))

    def version(self, number: int) -> TopologyVersion:
        """Return a version.

        Raises:
            UnknownVersionError: This copy has not heard of it; a newer one may have.
        """
        try:
            return self.versions[number]
        except KeyError:
            raise UnknownVersionError(version=number, revision=self.revision) from None

    def places(self, number: int) -> tuple[TopologyVersion, ...]:
        """Return the versions an image named under ``number`` may lie under, newest first.

        One, unless a rebalance moved the version. The first says where its copies belong; in
        the others some may still be, or have come late.

        Raises:
            UnknownVersionError: This copy has not heard of one of them; a newer one may have.
        """
        found = [self.version(number)]
        while found[0].number in self.moves:
            found.insert(0, self.version(self.moves[found[0].number]))
        return tuple(found)

    def current(self, pool: str, *, now: float) -> TopologyVersion | None:
        """Return the version new images of ``pool`` are named under; None when it has none."""
        valid = (v for v in self.versions.values() if v.pool == pool and v.current_from <= now)
        return max(valid, key=lambda version: version.number, default=None)

    def state(self, name: str) -> ShardState:
        """Return what may be done with a shard; one nobody knows is dead."""
        entry = self.shards.get(name)
        return entry.state if entry else ShardState.DEAD

    def emptied(self, name: str) -> bool:
        """Return whether a shard is gone for ever and nothing was left on it alone."""
        entry = self.shards.get(name)
        return entry is not None and entry.emptied


EMPTY = Topology(0, MappingProxyType({}), MappingProxyType({}))


def topology_dump(topology: Topology, *, keyring: Keyring) -> bytes:
    """Return the signed document."""
    payload = {
        "format": FORMAT,
        "revision": topology.revision,
        "versions": [_version_dump(v) for _, v in sorted(topology.versions.items())],
        "shards": {name: _entry_dump(entry) for name, entry in topology.shards.items()},
        "moves": {str(number): to for number, to in sorted(topology.moves.items())},
    }
    return document_sign(payload, purpose=PURPOSE, keyring=keyring)


def topology_load(data: bytes, *, keyring: Keyring) -> Topology:
    """Return the topology of a signed document.

    Raises:
        SignatureError: Not signed by an accepted key, cut off, or of an unknown format.
    """
    payload = document_open(data, purpose=PURPOSE, keyring=keyring)
    if payload.get("format") != FORMAT:
        raise SignatureError(f"Topology format {payload.get('format')!r} is not {FORMAT}.")
    versions = [_version_load(item) for item in payload["versions"]]
    entries = [_entry_load(name, item) for name, item in payload["shards"].items()]
    return Topology(
        payload["revision"],
        MappingProxyType({version.number: version for version in versions}),
        MappingProxyType({entry.name: entry for entry in entries}),
        MappingProxyType({int(old): new for old, new in payload.get("moves", {}).items()}),
    )


def topology_check(*, known: Topology, new: Topology) -> None:
    """Check that ``new`` may follow ``known``: nothing that names depend on is lost.

    Raises:
        TopologyConflictError: A version was edited or left out, a move undone, or a shard
            forgotten or given another identity.
    """
    for number, version in known.versions.items():
        if new.versions.get(number) != version:
            raise TopologyConflictError(
                f"Version {number} of revision {known.revision} differs in revision {new.revision}."
            )
    for old, to in known.moves.items():
        if new.moves.get(old) != to:
            raise TopologyConflictError(
                f"Version {old} was moved to {to}, and is not in revision {new.revision}."
            )
    for name, entry in known.shards.items():
        other = new.shards.get(name)
        if other is None or other.identity != entry.identity:
            raise TopologyConflictError(
                f"Shard {name!r} of revision {known.revision} is missing or another "
                f"store in revision {new.revision}."
            )


def with_shard(topology: Topology, entry: ShardEntry) -> Topology:
    """Return the next revision with ``entry`` added or changed."""
    shards = MappingProxyType({**topology.shards, entry.name: entry})
    return replace(topology, revision=topology.revision + 1, shards=shards)


def with_version(topology: Topology, version: TopologyVersion) -> Topology:
    """Return the next revision with ``version`` added.

    Raises:
        TopologyConflictError: The number is taken.
    """
    if version.number in topology.versions:
        raise TopologyConflictError(f"Version {version.number} exists and is never edited.")
    versions = MappingProxyType({**topology.versions, version.number: version})
    return replace(topology, revision=topology.revision + 1, versions=versions)


def with_move(topology: Topology, *, old: int, new: int) -> Topology:
    """Return the next revision with the images of version ``old`` placed under ``new``.

    Raises:
        UnknownVersionError: One of them does not exist.
        TopologyConflictError: ``old`` is moved already, or ``new`` is not the newer one; so
            moves never form a ring.
    """
    topology.version(old), topology.version(new)
    if old in topology.moves or new <= old:
        raise TopologyConflictError(f"Version {old} cannot be moved to {new}: {topology.moves}.")
    moves = MappingProxyType({**topology.moves, old: new})
    return replace(topology, revision=topology.revision + 1, moves=moves)


def _version_dump(version: TopologyVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "pool": version.pool,
        "replica_count": version.replica_count,
        "rendition_replica_count": version.rendition_replica_count,
        "quorum": version.quorum,
        "current_from": version.current_from,
        "shards": [{"name": s.name, "zone": s.zone, "weight": s.weight} for s in version.shards],
    }


def _version_load(item: Mapping[str, Any]) -> TopologyVersion:
    return TopologyVersion(
        number=item["version"],
        pool=item["pool"],
        replica_count=item["replica_count"],
        rendition_replica_count=item["rendition_replica_count"],
        quorum=item["quorum"],
        current_from=item["current_from"],
        shards=tuple(ShardSpec(s["name"], s["zone"], s["weight"]) for s in item["shards"]),
    )


def _entry_dump(entry: ShardEntry) -> dict[str, Any]:
    return {
        "url": entry.url,
        "state": entry.state.label,
        "identity": entry.identity,
        "options": dict(entry.options),
        "emptied": entry.emptied,
    }


def _entry_load(name: str, item: Mapping[str, Any]) -> ShardEntry:
    state = ShardState.named(item["state"])
    emptied = item.get("emptied", False)
    return ShardEntry(name, item["url"], state, item["identity"], item["options"], emptied)
