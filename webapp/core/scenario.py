"""What a simulation is told: how many shards, what fails, what is paid. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from webapp.core.errors import MalformedRequestError
from webapp.core.ids import PARTITION_COUNT
from webapp.core.shards import ShardSpec
from webapp.core.topology import TopologyVersion, version_make

MAX_REPLICAS = 9
"""Beyond it there are more states of an image than anybody wants to wait for."""
MAX_SHARDS = 10_000
"""Placing for more takes minutes, and no version of a topology is that large."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A Shoebox that is only thought of.

    Args:
        shards: How many.
        zones: How many; shards are dealt out to them in turn.
        weights: Dealt out to the shards in turn.
        added: Shards that are added later, dealt out in the same way.
        replicas: R.
        rendition_replicas: Copies of renditions.
        quorum: W.
        images: How many there are.
        image_bytes: Of an original.
        rendition_part: Bytes of all renditions of an image, relative to its original.
        image_growth: Images after a year for each there was, less one.
        years: To look ahead.
        disk_afr: Probability that a disk is lost within a year.
        disks_per_shard: The shard is lost with any of them; 0 where its store survives that.
        shard_afr: Probability that a shard is lost within a year for any other reason.
        zone_afr: The same of a zone with all in it.
        detect: From the loss of a shard until somebody declares it dead.
        repair_bytes_per_second: One shard takes while it is written to.
        settle: From the answer to an upload until it lies on its homes.
        price_stored: Of a TB (10¹² bytes) on the shards for a month.
        price_sent: Of a TB that leaves the shards.
        price_requests: Of a million requests to the shards.
        cached_part: Of all reads, those that no shard sees.
        read_bytes: Of an answer.
        partitions: How many are looked at; 0 for all.
    """

    shards: int = 4
    zones: int = 2
    weights: tuple[float, ...] = (1.0,)
    added: int = 1
    replicas: int = 3
    rendition_replicas: int = 2
    quorum: int = 2
    images: int = 1_000_000
    image_bytes: int = 2_000_000
    rendition_part: float = 0.25
    image_growth: float = 0.5
    years: int = 3
    disk_afr: float = 0.015
    disks_per_shard: int = 1
    shard_afr: float = 0.01
    zone_afr: float = 0.001
    detect: timedelta = timedelta(hours=24)
    repair_bytes_per_second: float = 50e6
    settle: timedelta = timedelta(minutes=1)
    price_stored: float = 10.0
    price_sent: float = 10.0
    price_requests: float = 0.4
    cached_part: float = 0.9
    read_bytes: int = 100_000
    partitions: int = 0

    def version(self) -> TopologyVersion:
        """Return the topology version of it.

        Raises:
            MalformedRequestError: There cannot be such a Shoebox.
        """
        self._check()
        return version_make(
            number=0,
            pool="default",
            shards=[self._shard(index) for index in range(self.shards)],
            replica_count=self.replicas,
            rendition_replica_count=self.rendition_replicas,
            quorum=self.quorum,
            current_from=0.0,
        )

    def newcomers(self) -> list[ShardSpec]:
        """Return the shards that are added."""
        return [self._shard(self.shards + index) for index in range(self.added)]

    def bytes_per_image(self, version: TopologyVersion) -> float:
        """Return what an image takes on all shards together."""
        renditions = self.rendition_part * version.rendition_replica_count
        return self.image_bytes * (version.replica_count + renditions)

    def _shard(self, index: int) -> ShardSpec:
        weight = self.weights[index % len(self.weights)]
        return ShardSpec(f"s{index + 1}", f"z{index % self.zones + 1}", weight)

    def _check(self) -> None:
        counts = (self.shards, self.zones, self.replicas, self.rendition_replicas, self.quorum)
        if min(*counts, self.images, self.image_bytes) < 1 or min(self.weights, default=0) <= 0:
            raise MalformedRequestError(
                "Shards, zones, weights, copies and images have to be above 0."
            )
        if not 0 <= self.partitions <= PARTITION_COUNT:
            raise MalformedRequestError(
                f"{self.partitions} partitions; there are {PARTITION_COUNT}."
            )
        if self.replicas > MAX_REPLICAS:
            raise MalformedRequestError(f"{self.replicas} replicas; {MAX_REPLICAS} at most.")
        if self.shards + self.added > MAX_SHARDS:
            raise MalformedRequestError(
                f"{self.shards} shards and {self.added} more; {MAX_SHARDS} at most."
            )
        chances = (self.disk_afr, self.shard_afr, self.zone_afr, self.cached_part)
        if not all(0 <= chance < 1 for chance in chances):
            raise MalformedRequestError(f"Not all of {chances} are from 0 to below 1.")
        if self.repair_bytes_per_second <= 0:
            raise MalformedRequestError("Without repair bandwidth nothing is ever whole again.")
