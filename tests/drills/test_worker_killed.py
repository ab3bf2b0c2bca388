"""A worker is killed in the middle of its work: the work is done again, nothing is left over."""

import pytest

from tests import samples
from tests.drills.decoders import RENDITIONS, busy_decoder, encoding_decoder, left_in_spool
from tests.processes import family, is_dead, is_gone, kill, wait_until, waits_for
from webapp.core.ids import id_parse
from webapp.core.keys import image_prefix
from webapp.core.presets import rendition_names

REPLICATION = "worker-replication"


@pytest.fixture
def rendering(system):
    """Give the id of an image in the middle of its rendition, which stands still there."""
    image = system.client.store(samples.slow_jpeg())
    decoder = wait_until(lambda: busy_decoder(system), seconds=60, what="a decoder at work")
    assert system.client.image(image["id"])["state"] == "stored"
    return image["id"], decoder


def test_a_rendition_is_made_after_its_worker_was_killed_in_the_middle(system, rendering):
    image_id, decoder = rendering
    processes = system.family(RENDITIONS)
    assert decoder in processes
    system.kill(RENDITIONS)
    wait_until(lambda: all(map(is_dead, processes)), seconds=20, what="its processes to be gone")
    assert left_in_spool(system) == []
    system.start(RENDITIONS)
    system.client.read_everything(system.client.wait_ready(image_id))


def test_renditions_are_made_after_their_worker_was_killed_while_it_encoded(system):
    image_id = system.client.store(samples.long_to_encode())["id"]
    wait_until(lambda: encoding_decoder(system), seconds=60, what="a decoder that encodes")
    assert system.client.image(image_id)["state"] == "stored"
    processes = system.family(RENDITIONS)
    system.kill(RENDITIONS)
    wait_until(lambda: all(map(is_dead, processes)), seconds=20, what="its processes to be gone")
    assert left_in_spool(system) == []
    system.start(RENDITIONS)
    system.client.read_everything(system.client.wait_ready(image_id))


def test_renditions_are_whole_after_their_worker_was_killed_between_two_of_them(cluster):
    """A home hangs, so that some lie on the other and no row knows of them."""
    client, hanging = cluster.client, "s1"
    cluster.stop(RENDITIONS)
    image_id, other = wait_until(
        lambda: stored_between(client, hanging), seconds=60, what="an image at home there"
    )
    cluster.pause(hanging)
    cluster.start(RENDITIONS)
    wait_until(
        lambda: lie_on(cluster, other, image_id), seconds=60, what="a rendition on the other home"
    )
    cluster.kill(RENDITIONS)
    assert client.image(image_id)["state"] == "stored"
    assert left_in_spool(cluster) == []
    cluster.resume(hanging)
    cluster.start(RENDITIONS)
    image = client.wait_ready(image_id)
    client.read_everything(image)
    assert lie_on(cluster, other, image_id) == {*rendition_names(transparent=False)}


def stored_between(client, hanging):
    """Store an image; return it and its other home if ``hanging`` is where a rendition goes."""
    image_id = client.store(samples.jpeg())["id"]
    first = list(client.positions(image_id))[:2]
    return (image_id, *({*first} - {hanging})) if hanging in first else None


def lie_on(system, shard, image_id):
    """Return the names of the renditions of an image that lie on a shard."""
    prefix = image_prefix(id_parse(image_id))
    names = {key.removeprefix(prefix) for key in system.shard(shard).keys(prefix)}
    return names & {*rendition_names(transparent=False)}


def test_a_rendition_is_made_after_the_pool_process_making_it_was_killed(system, rendering):
    image_id, decoder = rendering
    worker, *children = system.family(RENDITIONS)
    (pool,) = [pid for pid in children if pid != decoder and decoder in family(pid)]
    kill(pool)
    wait_until(lambda: is_gone(pool), seconds=20, what="the worker to collect its child")
    wait_until(lambda: is_dead(decoder), seconds=20, what="the decoder to follow its parent")
    assert left_in_spool(system) == []
    system.client.read_everything(system.client.wait_ready(image_id))
    assert worker == system.family(RENDITIONS)[0]


def test_a_rendition_is_made_after_its_decoder_was_killed(system, rendering):
    image_id, decoder = rendering
    kill(decoder)
    wait_until(lambda: is_gone(decoder), seconds=20, what="the pool process to collect its child")
    system.client.read_everything(system.client.wait_ready(image_id))


def test_copies_are_made_after_the_worker_was_killed_while_it_replicated(cluster):
    """A home hangs, so the worker hangs while it looks what lies there."""
    client, hanging = cluster.client, "s1"
    (port,) = (
        int(word.removeprefix("-s3.port="))
        for word in cluster.described(hanging).command
        if word.startswith("-s3.port=")
    )
    cluster.pause(hanging)
    image_id = wait_until(
        lambda: stored_with_home(client, hanging), seconds=200, what="an image at home there"
    )
    wait_until(
        lambda: any(waits_for(pid, port) for pid in cluster.family(REPLICATION)),
        seconds=60,
        what="the worker to look at the home",
    )
    processes = cluster.family(REPLICATION)
    cluster.kill(REPLICATION)
    wait_until(lambda: all(map(is_dead, processes)), seconds=20, what="its processes to be gone")
    assert left_in_spool(cluster) == []
    cluster.resume(hanging)
    cluster.start(REPLICATION)
    image = client.wait_ready(image_id)
    wait_until(lambda: is_at_home(client, image_id), seconds=200, what="a copy on every home")
    client.read_everything(image)


def stored_with_home(client, shard):
    """Store an image; return its id if ``shard`` is one of its homes."""
    image_id = client.store(samples.jpeg())["id"]
    return image_id if shard in client.homes(image_id) else None


def is_at_home(client, image_id):
    return client.homes(image_id) <= set(client.holders(image_id))
