"""Metrics of a read process, in a registry of its own."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from webapp.reader.noted import BadCopy
from webapp.reader.tally import PositionTally, Tally

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Metrics:
    """Counts what a read process does.

    Of one process: behind one port with several, each scrape meets one of them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Tally()
        self.registry.register(self.requests)
        self.positions = PositionTally()
        self.registry.register(self.positions)
        self._bad = Counter(
            "shoebox_reader_bad_copies",
            "Copies that were not what their label says, by shard and reason.",
            ["shard", "reason"],
            registry=self.registry,
        )

        self._notes = Counter(
            "shoebox_reader_notes",
            "Notes of bad copies, for repair: written to a shard, refused by all of them and tried "
            "again, or dropped because too many waited.",
            ["result"],
            registry=self.registry,
        )

    def bad_copy(self, copy: BadCopy) -> None:
        """Count a bad copy."""
        self._bad.labels(copy.shard, copy.reason).inc()

    def note(self, result: str) -> None:
        """Count a note that was ``written``, ``refused`` or ``dropped``."""
        self._notes.labels(result).inc()

    def gauge(self, name: str, documentation: str, value: Callable[[], float]) -> None:
        """Show ``value`` at every scrape under ``shoebox_reader_<name>``."""
        gauge = Gauge(f"shoebox_reader_{name}", documentation, registry=self.registry)
        gauge.set_function(value)

    def render(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry)
