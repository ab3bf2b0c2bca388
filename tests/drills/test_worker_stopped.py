"""A worker is told to end in the middle of a rendition: it finishes it, or gives its task back."""

import threading

import pytest

from tests import samples
from tests.drills.decoders import RENDITIONS, busy_decoder, left_in_spool
from tests.processes import is_dead, resume, wait_until


@pytest.fixture
def rendering(system):
    """Give the id of an image in the middle of its rendition, which stands still there."""
    image = system.client.store(samples.slow_jpeg())
    decoder = wait_until(lambda: busy_decoder(system), seconds=60, what="a decoder at work")
    return image["id"], decoder


def stop(system):
    """Stop the worker as an operator would; return the thread that waits for its end."""
    thread = threading.Thread(target=system.stop, args=[RENDITIONS])
    thread.start()
    return thread


def told_to_end(system):
    """Tell whether the worker has said that it goes; it may have nothing but that to say."""
    return "warm shutdown" in system.described(RENDITIONS).log.read_text().lower()


def test_a_rendition_that_takes_no_longer_than_the_stop_is_finished(system, rendering):
    image_id, decoder = rendering
    processes = system.family(RENDITIONS)
    ending = stop(system)
    resume([decoder])
    ending.join()
    assert all(map(is_dead, processes))
    # Whether it was quick enough or not, nothing is lost; by itself it is.
    wait_until(
        lambda: system.client.image(image_id)["state"] == "ready", seconds=60, what="it to be ready"
    )
    system.start(RENDITIONS)


def test_a_rendition_that_takes_longer_than_the_stop_is_given_back_and_made_later(
    system, rendering
):
    image_id, _ = rendering
    processes = system.family(RENDITIONS)
    stop(system).join()
    wait_until(lambda: all(map(is_dead, processes)), seconds=20, what="its processes to be gone")
    assert left_in_spool(system) == []
    assert system.client.image(image_id)["state"] == "stored"
    system.start(RENDITIONS)
    system.client.read_everything(system.client.wait_ready(image_id))
