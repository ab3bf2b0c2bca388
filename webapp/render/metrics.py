"""Metrics of a render process, in a registry of its own."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest

_BUCKETS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """Counts what a render process does."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "shoebox_render_requests",
            "Requests of read services answered, by status.",
            ["status"],
            registry=self.registry,
        )
        self.made = Counter(
            "shoebox_render_made",
            "Sizes that were made and stored.",
            registry=self.registry,
        )
        self.refused = Counter(
            "shoebox_render_refused",
            "Sizes that were not made, by the code of the error.",
            ["code"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "shoebox_render_seconds",
            "Seconds one size took, waiting left out.",
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def gauge(self, name: str, documentation: str, value: Callable[[], float]) -> None:
        """Show ``value`` at every scrape under ``shoebox_render_<name>``."""
        gauge = Gauge(f"shoebox_render_{name}", documentation, registry=self.registry)
        gauge.set_function(value)

    def render(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry)
