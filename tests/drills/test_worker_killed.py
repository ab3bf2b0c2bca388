"""A worker killed with -9 in the middle of its work: the image becomes ready all the same."""

import pytest

from tests import samples
from tests.processes import command_of, holds_in, is_dead, kill, wait_until

pytestmark = [pytest.mark.real, pytest.mark.drill, pytest.mark.timeout(400)]

DECODER = "workers.imaging.child"
ROUNDS = 4


def decoders(system):
    return [p for p in system.family("worker-renditions") if DECODER in command_of(p)]


def test_an_image_survives_its_worker_killed_in_the_middle_of_a_rendition(embedded):
    image = embedded.client.store(samples.slow_jpeg())
    decoding = wait_until(
        lambda: [p for p in decoders(embedded) if holds_in(p, embedded.spool)],
        seconds=60,
        what="a decoder that has the picture open",
    )
    family = embedded.family("worker-renditions")
    assert set(decoding) <= set(family)
    assert embedded.client.image(image["id"])["state"] == "stored"
    embedded.kill("worker-renditions")
    wait_until(lambda: all(map(is_dead, family)), seconds=10, what="no process left behind")

    embedded.start("worker-renditions")
    embedded.client.read_everything(embedded.client.wait_ready(image["id"]))


def test_an_image_survives_its_decoder_killed(embedded):
    image = embedded.client.store(samples.slow_jpeg())
    (decoder, *_) = wait_until(
        lambda: [p for p in decoders(embedded) if holds_in(p, embedded.spool)],
        seconds=60,
        what="a decoder that has the picture open",
    )
    embedded.pause("worker-renditions")
    kill(decoder)
    embedded.resume("worker-renditions")
    assert embedded.client.wait_ready(image["id"])["reason"] == ""
    assert embedded.is_up("worker-renditions")


def test_images_get_their_copies_although_the_replication_worker_is_killed_over_and_over(embedded):
    home = embedded.profile.shard_folders[0]
    away = home.with_name("unplugged")
    home.rename(away)
    home.mkdir()
    images = [embedded.client.store(samples.jpeg(width=2400, height=1800)) for _ in range(8)]
    home.rmdir()
    away.rename(home)
    for _ in range(ROUNDS):
        embedded.kill("worker-replication")
        embedded.start("worker-replication")
    for image in images:
        embedded.client.wait_ready(image["id"])
        wait_until(
            lambda image=image: len(embedded.client.holders(image["id"])) >= 3,
            seconds=120,
            what=f"three copies of {image['id']}",
        )
        embedded.client.read_everything(embedded.client.image(image["id"]))
