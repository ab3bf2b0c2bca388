"""What the design asks of every worker; a line that is lost here is noticed only in a crash."""

import pytest

from config.celery import app


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("worker_prefetch_multiplier", 1),
        ("worker_soft_shutdown_timeout", 5),
        ("worker_max_tasks_per_child", 1000),
        ("worker_max_memory_per_child", 512 * 1024),
        ("worker_detect_quorum_queues", True),
        ("broker_connection_max_retries", None),
        ("task_create_missing_queues", False),
    ],
)
def test_workers_lose_nothing_and_keep_nothing(name, value):
    assert app.conf[name] == value


def test_every_task_ends_within_five_minutes():
    assert app.conf.task_time_limit <= 300
