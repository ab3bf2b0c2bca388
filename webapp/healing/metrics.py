"""How the shards stand, for Prometheus: read from the index at each scrape."""

from collections.abc import Iterator

from django.db import DatabaseError
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webapp.cluster.models import Shard
from webapp.cluster.usage import disk_usage_of
from webapp.healing.models import ShardWatch
from webapp.healing.noted_run import notes_waiting


class ShardCollector(Collector):
    """Tells how every shard is, and what waits for repair; nothing while the index is away."""

    def describe(self) -> list[Metric]:
        """Return the families without values, so that registering asks no database."""
        return list(_families())

    def collect(self) -> Iterator[Metric]:
        """Yield what the index knows now."""
        state, full, used, reachable, noted = _families()
        try:
            for shard in Shard.objects.all():
                state.add_metric([shard.name, shard.state], 1)
                full.add_metric([shard.name], bool(shard.full_reason))
                usage = disk_usage_of(shard)
                if usage is not None and usage.total:
                    used.add_metric([shard.name], usage.used / usage.total)
            for watch in ShardWatch.objects.all():
                reachable.add_metric([watch.shard], watch.reachable)
            noted.add_metric([], notes_waiting())
        except DatabaseError:
            return
        yield from (state, full, used, reachable, noted)


def _families() -> tuple[GaugeMetricFamily, ...]:
    return (
        GaugeMetricFamily("shoebox_shard_state", "1 for the state a shard is in.", labels=_STATE),
        GaugeMetricFamily(
            "shoebox_shard_full", "1 while a shard is full, by its mark or its word.", labels=_SHARD
        ),
        GaugeMetricFamily(
            "shoebox_shard_used_ratio",
            "Part of its disk that is taken, of shards in folders.",
            labels=_SHARD,
        ),
        GaugeMetricFamily(
            "shoebox_shard_reachable",
            "1 when the last look found a shard, and found it to be itself.",
            labels=_SHARD,
        ),
        GaugeMetricFamily(
            "shoebox_notes_waiting",
            "Bad copies that read services noted and that are not repaired yet, at the last look.",
        ),
    )


_SHARD = ("shard",)
_STATE = ("shard", "state")
