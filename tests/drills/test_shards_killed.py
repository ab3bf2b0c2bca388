"""Shards killed: uploads are handed off, and nothing that exists is missing."""

import itertools

import pytest

from tests import samples
from tests.client import rendition_links

pytestmark = [pytest.mark.real, pytest.mark.drill, pytest.mark.timeout(400)]

IMAGES = 4


def in_two_parts(body, between):
    """Yield a body, and do something while it is half sent."""
    half = len(body) // 2
    yield body[:half]
    between()
    yield body[half:]


def test_a_shard_killed_during_an_upload_is_stepped_over(cluster):
    victim = cluster.shard_names[0]
    body = samples.jpeg(width=2000, height=1500)
    answer = cluster.client.upload(in_two_parts(body, lambda: cluster.kill(victim)))
    assert answer.status_code == 201, answer.text
    images = [answer.json(), *(cluster.client.store(samples.jpeg()) for _ in range(IMAGES))]
    for image in images:
        stored = cluster.client.image(image["id"])["replicas"]["stored"]
        assert victim not in stored
        assert len(stored) >= 2
        cluster.client.read_everything(cluster.client.wait_ready(image["id"]))


def test_every_image_reads_whichever_two_of_four_shards_are_killed(cluster):
    images = [cluster.client.store_ready(samples.jpeg()) for _ in range(IMAGES)]
    for pair in itertools.combinations(cluster.shard_names, 2):
        cluster.kill(*pair)
        cluster.kill("read")  # with an empty memory it has to ask the shards
        cluster.start("read")
        for image in images:
            cluster.client.read_original(image)
            for url in rendition_links(image).values():
                assert cluster.client.read(url).status_code == 200, (pair, url)
        cluster.start(*pair)
