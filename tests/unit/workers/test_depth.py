import pytest
from kombu import Connection, Exchange, Producer, Queue

from workers.depth import queue_depths

TASKS = Queue("renditions", Exchange("tasks", type="topic"), routing_key="renditions")


class AnsweringTransport:
    """Stands in for RabbitMQ: says what it was asked."""

    driver_type = "amqp"


class AnsweringChannel:
    def __init__(self):
        self.asked = []

    def queue_declare(self, name, *, passive):
        self.asked.append((name, passive))
        return type("Declared", (), {"message_count": len(self.asked)})


class AnsweringConnection:
    def __init__(self):
        self.transport = AnsweringTransport()
        self.default_channel = AnsweringChannel()


@pytest.fixture
def broker():
    with Connection("memory://") as connection:
        yield connection


def test_queue_nobody_has_used_yet_is_empty(broker):
    assert queue_depths(broker, ["never-declared"]) == {"never-declared": 0}


def test_waiting_messages_are_counted(broker):
    producer = Producer(broker.default_channel)
    for number in range(3):
        producer.publish(
            {"n": number}, declare=[TASKS], exchange=TASKS.exchange, routing_key="renditions"
        )

    assert queue_depths(broker, ["renditions", "replication"]) == {
        "renditions": 3,
        "replication": 0,
    }


def test_queues_of_rabbitmq_are_looked_at_and_never_declared():
    connection = AnsweringConnection()

    assert queue_depths(connection, ["renditions", "replication"]) == {
        "renditions": 1,
        "replication": 2,
    }
    assert connection.default_channel.asked == [("renditions", True), ("replication", True)]
