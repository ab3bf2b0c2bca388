"""How many messages wait on queues, whichever broker there is."""

from collections.abc import Iterable

from kombu import Connection

AMQP = "amqp"


def queue_depths(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return how many messages wait on each queue. One question to the broker per queue.

    RabbitMQ is asked passively: a queue that is missing there is an error, and declaring it
    here could give it other arguments. On Redis a queue is the list of its messages, so an
    empty one does not exist; declaring it there makes nothing and tells its length.

    Raises:
        Exception: What the broker's client raises when it is away or a queue does not exist.
    """
    passive = connection.transport.driver_type == AMQP
    channel = connection.default_channel
    return {n: channel.queue_declare(n, passive=passive).message_count for n in names}
