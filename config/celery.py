"""The Celery application: `celery -A config worker|beat|flower`."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu.exceptions import OperationalError

from config.env import settings
from config.queues import dead_letter_queue, queue_declare, task_queues, webhooks_queue
from config.schedule import beat_schedule
from config.worker_metrics import metrics_prepare

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

metrics_prepare(listen=settings().metrics_listen, data=settings().data, arguments=sys.argv[1:])

LONGEST_TASK_SECONDS = 300
_rabbitmq = settings().broker_url.startswith("amqp")


def _transport_options() -> dict[str, Any]:
    if _rabbitmq:
        return {"confirm_publish": True}
    # A task of a killed worker is given out again once the time-out passed; it has to be
    # longer than any task, or a running one is given out twice.
    return {
        "visibility_timeout": LONGEST_TASK_SECONDS + 60,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
    }


app = Celery("shoebox", fixups=["config.kept_connections:fixup"])
app.conf.update(
    broker_url=settings().broker_url,
    broker_transport_options=_transport_options(),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_heartbeat=20,
    task_queues=task_queues(rabbitmq=_rabbitmq),
    task_default_queue="maintenance",
    task_default_exchange="shoebox.tasks",
    task_default_exchange_type="topic",
    task_create_missing_queues=False,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=LONGEST_TASK_SECONDS,
    task_send_sent_event=True,
    worker_send_task_events=True,
    worker_consumer="config.consumer:Consumer",
    worker_detect_quorum_queues=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_soft_shutdown_timeout=5,
    worker_max_tasks_per_child=1000,
    # Pictures are decoded in a child with limits of its own; what grows beyond this leaks.
    worker_max_memory_per_child=512 * 1024,  # KiB
    beat_schedule=beat_schedule(
        sweep_seconds=settings().sweep_seconds,
        watch_seconds=settings().watch_seconds,
        scrub_cycle_days=settings().scrub_cycle_days,
        reap_seconds=settings().reap_seconds,
    ),
    # Nothing is kept between starts: any number of beats may run, anywhere.
    beat_scheduler="celery.beat:Scheduler",
    timezone="UTC",
    imports=[
        "workers.backfills",
        "workers.forget",
        "workers.imports",
        "workers.measures",
        "workers.noted",
        "workers.reap",
        "workers.recount",
        "workers.renditions",
        "workers.repair",
        "workers.replication",
        "workers.scrub",
        "workers.sweep",
        "workers.watch",
    ],
)


@setup_logging.connect
def _keep_logging(**_kwargs: Any) -> None:
    """Keep the logging Django's settings configured; Celery would install its own."""


def broker_errors() -> tuple[type[Exception], ...]:
    """Return what a client raises of a broker that is away, refuses it, or lacks a queue."""
    broker = app.connection_for_write()
    return (OperationalError, OSError, *broker.connection_errors, *broker.channel_errors)


def queues_declare() -> list[str]:
    """Declare all queues and exchanges, durable; at deploy time, before the first message.

    A queue declared a moment before the broker is killed can lose its first messages. Twice
    is once.

    Raises:
        QueueConflictError: A queue is there with other arguments; says which and the way out.
    """
    on_rabbitmq = [dead_letter_queue(), webhooks_queue()] if _rabbitmq else []
    declared = [*app.conf.task_queues, *on_rabbitmq]
    with app.connection_for_write() as connection:
        for queue in declared:
            queue_declare(queue, connection)
    return [queue.name for queue in declared]
