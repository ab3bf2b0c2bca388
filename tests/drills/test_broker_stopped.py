"""The broker is gone: uploads go on, and their work is done when it is back."""

import pytest

from tests import samples

BROKERS = {"embedded": "valkey", "cluster": "rabbitmq"}


@pytest.fixture
def broker(system):
    """Give the name of the system's broker, just killed."""
    name = BROKERS[system.profile.name]
    system.kill(name)
    return name


def test_uploads_go_on_while_the_broker_is_stopped_and_become_ready_when_it_is_back(system, broker):
    client = system.client
    stored = [client.store(samples.jpeg()) for _ in range(5)]
    for image in stored:
        client.read_original(image)
    assert {client.image(image["id"])["state"] for image in stored} == {"stored"}
    system.start(broker)
    for image in stored:
        client.read_everything(client.wait_ready(image["id"]))
