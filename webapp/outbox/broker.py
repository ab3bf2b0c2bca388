"""A connection to RabbitMQ for those who listen to events."""

import pika

CONNECT_SECONDS = 3
HEARTBEAT_SECONDS = 20


def broker_open(broker_url: str) -> pika.BlockingConnection:
    """Connect once, or say within seconds that it cannot be done.

    Args:
        broker_url: ``amqp://…``.

    Raises:
        AMQPError, OSError: The broker is away, or takes nobody; trying again helps.
    """
    parameters = pika.URLParameters(broker_url)
    parameters.heartbeat = HEARTBEAT_SECONDS
    parameters.socket_timeout = parameters.stack_timeout = CONNECT_SECONDS
    parameters.connection_attempts = 1
    return pika.BlockingConnection(parameters)
