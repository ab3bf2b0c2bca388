"""The broker stopped: uploads go on, and become ready when it is back."""

import pytest

from tests import samples

pytestmark = [pytest.mark.real, pytest.mark.drill, pytest.mark.timeout(400)]

BROKERS = {"embedded": "valkey", "cluster": "rabbitmq"}


@pytest.mark.parametrize("profile", BROKERS)
def test_uploads_go_on_while_the_broker_is_stopped(profile, request):
    system = request.getfixturevalue(profile)
    system.kill(BROKERS[profile])
    images = [system.client.store(samples.jpeg()) for _ in range(3)]
    for image in images:
        assert system.client.image(image["id"])["state"] == "stored"
        system.client.read_original(image)

    system.start(BROKERS[profile])
    for image in images:
        system.client.read_everything(system.client.wait_ready(image["id"]))
