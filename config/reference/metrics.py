"""The page of metrics, from the registries of both services."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from config.env import settings
from config.queue_metrics import QueueCollector
from config.reference.rooms import rooms_import
from config.reference.values import Page, code, page_text, table
from webapp.images.metrics import SHOWN as OF_IMAGES
from webapp.reader.access_log import AccessLog
from webapp.reader.parts import Parts
from webapp.reader.settings import ReaderSettings
from webapp.render.parts import RenderParts
from webapp.render.settings import RenderSettings
from webapp.storage.aio.make import ReaderMaker
from workers.imaging.drawer import Drawer
from workers.imaging.model import Limits
from workers.measures import SHOWN as OF_WORKERS

_OURS = "shoebox_"
_INTRODUCTION = """
Both services and the render process answer `GET /metrics` for Prometheus. The numbers are of the
process that answers: behind one address with several processes, each scrape meets one of them. A
worker answers on `SHOEBOX_METRICS_LISTEN`, for all processes of its pool together, and from zero
after a restart. What is said of queues is the same whichever write service says it: take the
maximum. Beside these there are the client library's own, `process_*` and `python_*`. A histogram
`x` is exposed as `x_bucket`, `x_sum` and `x_count`.
"""


def metrics_page() -> Page:
    """Return the page of metrics."""
    rooms_import()
    sentences: dict[str, str] = {}
    blocks: list[str] = []
    for title, collectors in _processes().items():
        rows = []
        for metric, labels in _metrics(collectors):
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            sentences[name] = metric.documentation
            rows.append((code(name), metric.type, ", ".join(labels), metric.documentation))
        blocks += [f"## {title}", table(("Metric", "Type", "Labels", "Meaning"), sorted(rows))]
    return Page(page_text("Metrics", _INTRODUCTION, *blocks), sentences)


def _reader_registry() -> CollectorRegistry:
    """Return the registry of a read process that was put together and never started."""
    told = ReaderSettings(keyring=settings().keyring, topology_file=Path(), journal_file=Path())
    parts = Parts(told, maker=ReaderMaker(), access_log=AccessLog(lambda _: None))
    return parts.metrics.registry


def _render_registry() -> CollectorRegistry:
    """Return the registry of a render process that was put together and never started."""
    told = ReaderSettings(keyring=settings().keyring, topology_file=Path(), journal_file=Path())
    parts = RenderParts(
        RenderSettings(reader=told, spool=Path()), maker=ReaderMaker(), drawers=[Drawer(Limits())]
    )
    return parts.metrics.registry


def _processes() -> dict[str, list[Collector]]:
    """Return what each kind of process shows; what images count shows wherever it happens."""
    write = [c for c in _registered(REGISTRY) if c in OF_IMAGES or c not in OF_WORKERS]
    write = [c for c in write if not isinstance(c, QueueCollector)]  # only a running one has it
    return {
        "Write service": [*write, QueueCollector()],
        "Workers": list(OF_WORKERS),
        "Read service": _registered(_reader_registry()),
        "Render process": _registered(_render_registry()),
    }


def _registered(registry: CollectorRegistry) -> list[Collector]:
    return list(registry._collector_to_names)  # noqa: SLF001 - there is no public list


def _metrics(collectors: list[Collector]) -> Iterator[tuple[Metric, tuple[str, ...]]]:
    for collector in collectors:
        for metric in _described(collector):
            if metric.name.startswith(_OURS):
                yield metric, _labels(collector) or _labels(metric)


def _labels(source: Collector | Metric) -> tuple[str, ...]:
    """Return the label names a collector, or one family of a hand-made one, was given."""
    return tuple(getattr(source, "_labelnames", ()))


def _described(collector: Collector) -> list[Metric]:
    """Return what a collector would show, without the values where it can tell."""
    describe = getattr(collector, "describe", collector.collect)
    return list(describe())
