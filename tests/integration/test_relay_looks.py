"""What the relay asks the index, on SQLite; publishing is tested on real brokers."""

import pytest

from webapp.outbox.confirms import Confirms
from webapp.outbox.models import OutboxMessage
from webapp.outbox.relay import celery_app, relay_batch
from webapp.outbox.tasks import Queue, Task

pytestmark = pytest.mark.django_db(transaction=True)


class Producer:
    """Takes messages for the broker and confirms them."""

    def __init__(self):
        self.published = []

    def publish(self, body, **_options):
        self.published.append(body)


@pytest.fixture
def sent(monkeypatch):
    """Give the tasks that are sent, by name, subject and queue."""
    found = []

    def send_task(name, *, args, queue, **_options):
        found.append((name, *args, queue))

    monkeypatch.setattr(celery_app(), "send_task", send_task)
    return found


def relayed():
    """Relay on a channel whose broker has what it was sent, as Valkey's."""
    return relay_batch(producer=Producer(), app=celery_app(), confirms=Confirms(object()))


def test_an_idle_relay_asks_one_question(sent, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert relayed() == 0
    assert not sent


def test_each_queue_is_published_in_order_and_one_nobody_knows_waits(sent):
    for queue, subject in [("renditions", "a"), ("elsewhere", "b"), ("renditions", "c")]:
        OutboxMessage.objects.create(task=Task.MAKE_RENDITIONS, queue=queue, subject=subject)

    assert relayed() == 2

    task = Task.MAKE_RENDITIONS.value
    assert sent == [(task, "a", Queue.RENDITIONS), (task, "c", Queue.RENDITIONS)]
    assert list(OutboxMessage.objects.values_list("subject", flat=True)) == ["b"]
