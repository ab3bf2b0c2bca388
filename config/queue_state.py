"""How the queues stand: what waits, what is worked on, who takes it, and since when."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from celery import Celery
from django.db.models import Min
from django.utils import timezone
from kombu import Connection
from kombu.utils.json import loads

from webapp.healing.models import HealingRun
from webapp.images.models import Image, ImageState
from webapp.imports.models import Import
from webapp.outbox.models import OutboxMessage
from webapp.outbox.tasks import Queue
from workers.depth import AMQP

CONNECT_SECONDS = 3
ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """One queue.

    Args:
        name: Of the queue.
        waiting: Messages nobody has taken yet.
        consumers: Workers that take from it; None when the broker does not say.
        unacked: Messages that are being worked on; None when that is not known.
    """

    name: str
    waiting: int
    consumers: int | None = None
    unacked: int | None = None


def queue_states(app: Celery, names: Iterable[str], *, broker_api: str = "") -> list[QueueState]:
    """Ask the broker about queues; return them in this order.

    Args:
        app: Knows the broker.
        names: Of queues.
        broker_api: RabbitMQ's management API; without it ``unacked`` is not known there.

    Raises:
        Exception: What the broker's client raises when it is away or a queue does not exist.
    """
    with app.connection_for_read(connect_timeout=CONNECT_SECONDS) as connection:
        connection.ensure_connection(max_retries=1, timeout=CONNECT_SECONDS)
        if connection.transport.driver_type != AMQP:
            return _on_valkey(connection, names)
        channel = connection.default_channel
        states = [_passive(channel.queue_declare(name, passive=True)) for name in names]
    unacked = _unacked(app.conf.broker_url, broker_api) if broker_api else {}
    return [replace(state, unacked=unacked.get(state.name)) for state in states]


def _passive(answer: Any) -> QueueState:
    return QueueState(
        name=answer.queue, waiting=answer.message_count, consumers=answer.consumer_count
    )


def _on_valkey(connection: Connection, names: Iterable[str]) -> list[QueueState]:
    """Count there what the client keeps: a list per queue, and a table of all that was taken."""
    channel = connection.default_channel
    client = channel.client
    taken = Counter(loads(item)[2] for item in client.hvals(channel.unacked_key))
    return [QueueState(name=name, waiting=client.llen(name), unacked=taken[name]) for name in names]


def _unacked(broker_url: str, broker_api: str) -> dict[str, int]:
    """Ask the management API; it answers some seconds late, and that it is away is no error."""
    host = unquote(urlsplit(broker_url).path.removeprefix("/")) or "/"
    try:
        with httpx.Client(base_url=broker_api, timeout=ANSWER_SECONDS, trust_env=False) as api:
            queues = api.get("queues").raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return {}
    return {
        queue["name"]: queue.get("messages_unacknowledged", 0)
        for queue in queues
        if queue["vhost"] == host
    }


def oldest_work() -> dict[str, datetime]:
    """Return since when the oldest work of each queue is waiting, as the index knows it.

    `renditions`: the oldest image that is still ``stored``. `replication`: the image that is due
    longest. `maintenance`: the oldest import that has not ended. `backfills`: the oldest one that
    is under way. Messages that are not published yet count for their queue.
    """
    stored = Image.objects.filter(state=ImageState.STORED)
    late = Image.objects.exclude(state=ImageState.STORED).due(timezone.now())
    backfills = HealingRun.objects.filter(verb="backfill", finished_at=None)
    imports = Import.objects.unfinished()
    found = [
        (Queue.RENDITIONS.value, stored.aggregate(at=Min("created_at"))["at"]),
        (Queue.REPLICATION.value, late.aggregate(at=Min("due_at"))["at"]),
        (
            Queue.MAINTENANCE.value,
            imports.aggregate(at=Min("created_at"))["at"],
        ),
        (Queue.BACKFILLS.value, backfills.aggregate(at=Min("started_at"))["at"]),
    ]
    unpublished = OutboxMessage.objects.values_list("queue").annotate(at=Min("created_at"))
    oldest: dict[str, datetime] = {}
    for name, at in [*found, *unpublished.order_by()]:
        if at is not None:
            oldest[name] = min(at, oldest.get(name, at))
    return oldest
