"""The relay killed anywhere while it publishes: nothing is lost or left unpublished."""

import itertools
import threading
import time

import pytest

from tests import samples

pytestmark = [pytest.mark.real, pytest.mark.drill, pytest.mark.timeout(400)]

KILLS = 6
STEP_SECONDS = 0.13
"""Not a multiple of anything the relay does, so that each kill finds it elsewhere."""


@pytest.mark.parametrize("profile", ["embedded", "cluster"])
def test_a_relay_killed_again_and_again_loses_nothing(profile, request):
    system = request.getfixturevalue(profile)
    ids, stop = [], threading.Event()

    def upload():
        while not stop.is_set():
            ids.append(system.client.store(samples.jpeg(width=64, height=48))["id"])

    thread = threading.Thread(target=upload)
    thread.start()
    try:
        for kill in itertools.islice(itertools.count(1), KILLS):
            time.sleep(kill * STEP_SECONDS)  # the moment is what varies, nothing is waited for
            system.kill("relay")
            system.start("relay")
    finally:
        stop.set()
        thread.join()
    assert len(ids) >= KILLS
    for image_id in ids:
        system.client.wait_ready(image_id)
