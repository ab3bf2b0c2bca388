"""Metrics of a read process, in a registry of its own."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from webapp.reader.noted import BadCopy
from webapp.reader.tally import Tally

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_SHARD_BUCKETS: Final = (0.0005, 0.002, 0.01, 0.05, 0.2, 1.0, 5.0)


class Metrics:
    """Counts what a read process does.

    Of one process: behind one port with several, each scrape meets one of them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Tally()
        self.registry.register(self.requests)
        self._positions = Counter(
            "shoebox_reader_positions_asked",
            "Positions asked for a blob, by shard: found, absent, silent, bad or outrun.",
            ["shard", "outcome"],
            registry=self.registry,
        )
        self._shard_seconds = Histogram(
            "shoebox_reader_shard_seconds",
            "Seconds a position took to answer.",
            ["shard"],
            buckets=_SHARD_BUCKETS,
            registry=self.registry,
        )
        self._asked: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._bad = Counter(
            "shoebox_reader_bad_copies",
            "Copies that were not what their label says, by shard and reason.",
            ["shard", "reason"],
            registry=self.registry,
        )

    def position(self, shard: str, outcome: str, seconds: float) -> None:
        """Count one position that was asked; see Route."""
        # Looking a child up by its labels costs more than counting.
        asked = self._asked.get((shard, outcome))
        if asked is None:
            asked = self._positions.labels(shard, outcome), self._shard_seconds.labels(shard)
            self._asked[shard, outcome] = asked
        asked[0].inc()
        asked[1].observe(seconds)

    def bad_copy(self, copy: BadCopy) -> None:
        """Count a bad copy."""
        self._bad.labels(copy.shard, copy.reason).inc()

    def gauge(self, name: str, documentation: str, value: Callable[[], float]) -> None:
        """Show ``value`` at every scrape under ``shoebox_reader_<name>``."""
        gauge = Gauge(f"shoebox_reader_{name}", documentation, registry=self.registry)
        gauge.set_function(value)

    def render(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry)
