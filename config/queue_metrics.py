"""How the queues stand, for Prometheus: asked at each scrape of the write service."""

from collections.abc import Iterator

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import OperationalError
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config.celery import app
from config.queue_state import oldest_work, queue_states
from webapp.outbox.dead_letters import QUEUE as DEAD
from webapp.outbox.dead_letters import has_dead_letters
from webapp.outbox.services import outbox_depth
from webapp.webhooks.names import QUEUE as WEBHOOKS

log = structlog.get_logger(__name__)
_QUEUE = ("queue",)


def queue_names() -> list[str]:
    """Return the queues this installation's broker has."""
    beside = [WEBHOOKS, DEAD] if has_dead_letters(settings.SHOEBOX.broker_url) else []
    return [*(queue.name for queue in app.conf.task_queues), *beside]


class QueueCollector(Collector):
    """Tells depth and age of every queue; what is away is left out."""

    def describe(self) -> list[Metric]:
        """Return the families without values, so that registering asks nobody."""
        return [*_broker_families(), *_index_families()]

    def collect(self) -> Iterator[Metric]:
        """Yield what broker and index know now."""
        yield from _from_broker()
        yield from _from_index()


def queue_metrics_register() -> None:
    """Show the queues on this process's `/metrics`."""
    REGISTRY.register(QueueCollector())


def _from_broker() -> tuple[GaugeMetricFamily, ...]:
    waiting, unacked = families = _broker_families()
    away = (OperationalError, OSError, *app.connection_for_read().channel_errors)
    try:
        states = queue_states(app, queue_names(), broker_api=settings.SHOEBOX.broker_api)
    except away as error:
        log.warning("queue depth unknown", error=str(error))
        return ()
    for state in states:
        waiting.add_metric([state.name], state.waiting)
        if state.unacked is not None:
            unacked.add_metric([state.name], state.unacked)
    return families


def _from_index() -> tuple[GaugeMetricFamily, ...]:
    oldest, unpublished = families = _index_families()
    now = timezone.now()
    try:
        for name, at in oldest_work().items():
            oldest.add_metric([name], max((now - at).total_seconds(), 0.0))
        unpublished.add_metric([], outbox_depth())
    except DatabaseError:
        return ()
    return families


def _broker_families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily(
            "shoebox_queue_messages", "Messages nobody has taken yet.", labels=_QUEUE
        ),
        GaugeMetricFamily(
            "shoebox_queue_unacked",
            "Messages being worked on; on RabbitMQ with SHOEBOX_BROKER_API.",
            labels=_QUEUE,
        ),
    )


def _index_families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily(
            "shoebox_queue_oldest_seconds",
            "Age of the oldest work of a queue, by the index; nothing while there is none.",
            labels=_QUEUE,
        ),
        GaugeMetricFamily("shoebox_outbox_messages", "Messages that are not published yet."),
    )
