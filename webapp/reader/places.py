"""Places: which shards an image may be read from, remembered for each partition."""

from dataclasses import dataclass

from webapp.core.ids import ImageId
from webapp.core.placement import all_positions
from webapp.core.topology import Topology
from webapp.reader.follower import Follower
from webapp.reader.shards import Shards
from webapp.storage.aio.guarded import GuardedReader


@dataclass(frozen=True, slots=True)
class Places:
    """Whom to ask about the images of one partition under one version.

    Args:
        readers: Of the positions that may be read, best first.
        homes: How many of them, from the first, are homes.
        silent: Positions that cannot be asked at all: down, dead, unknown.
        quorum: W, the smallest where a rebalance moved the version.
        replica_count: R.
    """

    readers: tuple[GuardedReader, ...]
    homes: int
    silent: int
    quorum: int
    replica_count: int


class PlaceBook:
    """Places of images. Good for as long as the topology is; finding them costs more than a read.

    Args:
        topology: Says where.
        shards: Have a reader for each that may be read; follow the topology before this does.
        zone: Zone asked first; empty for none.
    """

    def __init__(self, *, topology: Follower[Topology], shards: Shards, zone: str) -> None:
        self._topology = topology
        self._shards = shards
        self._zone = zone
        self._known: dict[tuple[int, str], Places] = {}
        self._known_under: Topology | None = None

    def find(self, image_id: ImageId) -> Places:
        """Return whom to ask about an image.

        One whose version was moved by a rebalance is looked for where it belongs now, then
        where it was: it may not have been copied yet, and something may have come late. Then
        the smallest quorum counts, since a copy may hide in either place.

        Raises:
            UnknownVersionError: The topology known here does not have its version.
        """
        topology = self._topology.value
        if topology is not self._known_under:
            self._known, self._known_under = {}, topology
        place = image_id.version, image_id.random[:3]
        places = self._known.get(place)
        if places is None:
            places = self._known[place] = self._look_up(topology, image_id)
        return places

    def _look_up(self, topology: Topology, image_id: ImageId) -> Places:
        versions = topology.places(image_id.version)
        count = versions[0].replica_count
        specs = all_positions(topology, image_id.version, image_id.partition)
        first = sorted(specs[:count], key=lambda spec: spec.zone != self._zone)
        found = {spec.name: self._shards.get(spec.name) for spec in [*first, *specs[count:]]}
        homes = {spec.name for spec in first}
        silent = [name for name, reader in found.items() if reader is None]
        readers = tuple(reader for reader in found.values() if reader is not None)
        return Places(
            readers,
            homes=sum(reader.name in homes for reader in readers),
            silent=sum(not topology.emptied(name) for name in silent),
            quorum=min(version.quorum for version in versions),
            replica_count=count,
        )
