"""The network between a worker and the broker is cut: the worker comes back by itself."""

import re
import time
from dataclasses import replace

import pytest

from tests import samples
from tests.drills.decoders import RENDITIONS, busy_decoder
from tests.integration.breaking_line import Line
from tests.processes import resume, wait_until

AWAY_SECONDS = 3
URL = "SHOEBOX_BROKER_URL"


@pytest.fixture
def line(system):
    """Give the line over which the worker of renditions talks to the broker."""
    described = system.described(RENDITIONS)
    port = int(re.search(r"127\.0\.0\.1:(\d+)", described.env[URL])[1])
    line = Line(port)
    through = described.env[URL].replace(f":{port}", f":{line.port}")
    _restart(system, replace(described, env={**described.env, URL: through}))
    yield line
    _restart(system, described)
    line.close()


def _restart(system, service):
    system.stop(RENDITIONS)
    system.add(service)
    system.start(RENDITIONS)


def test_a_worker_that_was_cut_off_comes_back_and_nothing_is_lost(system, line):
    worker, *_ = system.family(RENDITIONS)
    slow = system.client.store(samples.slow_jpeg())
    decoder = wait_until(lambda: busy_decoder(system), seconds=60, what="a decoder at work")
    line.cut()
    stored = [slow, *(system.client.store(samples.jpeg()) for _ in range(3))]
    resume([decoder])
    time.sleep(AWAY_SECONDS)
    line.away = False
    for image in stored:
        system.client.read_everything(system.client.wait_ready(image["id"]))
    assert system.family(RENDITIONS)[0] == worker
