"""The relay as a process, on a real RabbitMQ and PostgreSQL."""

from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from tests.outbox_rows import QUEUE, Messages
from tests.processes import wait_until

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def system(cluster_system):
    """Give the cluster, with nobody to take renditions from their queue."""
    cluster_system.stop("worker-renditions")
    yield cluster_system
    cluster_system.settle()


@pytest.fixture
def messages(system):
    """Give an empty outbox and queue; a relay that ended by itself is told of its test."""
    made = Messages(system)
    made.wait_published()
    made.clear()
    yield made
    system.settle(but=["worker-renditions"])
    made.clear()


@pytest.fixture
def second_relay(system):
    """Describe another relay; its test starts it."""
    first = system.described("relay")
    system.add(replace(first, name="relay-2", log=first.log.with_name("relay-2.log")))
    yield "relay-2"
    system.forget("relay-2")


@contextmanager
def full_queue(system):
    """Let the broker refuse what comes after the first messages."""
    api = system.described("flower").env["FLOWER_BROKER_API"]
    policy = {"pattern": f"^{QUEUE}$", "definition": {"max-length": 1}, "apply-to": "queues"}
    with httpx.Client(base_url=api, trust_env=False) as broker:
        broker.put("policies/shoebox/full", json=policy).raise_for_status()
        try:
            yield
        finally:
            broker.delete("policies/shoebox/full").raise_for_status()


def told(system, since):
    """Return what the relay logged after its log had ``since`` characters."""
    return system.described("relay").log.read_text()[since:]


def test_every_message_is_published_once_in_order(messages):
    subjects = messages.write(250)
    messages.wait_published()
    assert messages.take() == subjects


def test_a_message_for_a_queue_that_does_not_exist_stays_and_holds_up_no_other(messages):
    (unknown,) = messages.write(queue="not-made-yet")
    others = messages.write(3)
    wait_until(lambda: messages.waiting() == [unknown], seconds=60, what="the others to leave")
    assert messages.take() == others


def test_a_message_whose_queue_vanished_is_published_once_it_is_there_again(messages):
    messages.write()
    messages.wait_published()  # from now on the relay takes the queue for granted
    with messages.channel() as channel:
        channel.queue_delete(QUEUE)
    (subject,) = messages.write()
    messages.wait_published()
    assert messages.take() == [subject]


def test_only_what_the_broker_refused_stays_until_it_has_room(system, messages):
    since, subjects = len(told(system, 0)), []

    def is_refused():
        subjects.extend(messages.write(20))  # a queue tells only after a while that it is full
        return "MessageNacked" in told(system, since)

    with full_queue(system):
        wait_until(is_refused, seconds=60, what="a refusal")
        assert messages.waiting()
    messages.wait_published()
    assert sorted(messages.take()) == sorted(subjects)


def test_messages_stay_while_the_broker_is_away(system, messages):
    system.kill("rabbitmq")
    since = len(told(system, 0))
    subjects = messages.write(5)
    wait_until(lambda: "broker away" in told(system, since), seconds=60, what="an attempt")
    assert messages.waiting() == subjects
    system.start("rabbitmq")
    messages.wait_published()
    assert messages.take() == subjects


def test_two_relays_share_the_work_and_neither_waits_for_the_other(system, messages, second_relay):
    subjects = messages.write(1000)

    def stands_in_a_batch():
        system.pause("relay")
        if messages.unclaimed() < len(messages.waiting()):
            return True
        system.resume("relay")
        return False

    wait_until(stands_in_a_batch, seconds=60, what="a relay in the middle of its batch")
    system.start(second_relay)
    wait_until(lambda: not messages.unclaimed(), seconds=60, what="the other to publish the rest")
    wait_until(lambda: len(messages.waiting()) <= 100, seconds=60, what="one batch to be left")
    assert messages.waiting()
    system.resume("relay")
    messages.wait_published()
    assert sorted(messages.take()) == sorted(subjects)
