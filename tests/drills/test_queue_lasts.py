"""Many messages wait: the broker is killed, the sweep goes by, some are lost or put aside."""

import re

import pytest

from tests import samples
from tests.outbox_rows import QUEUE, Messages
from tests.processes import wait_until

RENDITIONS = "worker-renditions"
SWEEPER = "worker-replication"
MANY = 1100
"""More than the sweep adds to."""
SWEEPS = 3
APPLIED_SECONDS = 30
TAKEN_SECONDS = 200


@pytest.fixture
def crowd(cluster):
    """Give a cluster where nobody makes renditions, its messages, and images that wait."""
    cluster.stop(RENDITIONS)
    messages = Messages(cluster)
    yield messages, [cluster.client.store(samples.jpeg()) for _ in range(3)]
    messages.clear()


def make_due(messages, images):
    """Let everything be due now, as it is after minutes without a worker."""
    ids = ", ".join(f"'{image['id']}'" for image in images)
    with messages.index() as index:
        index.execute(f"UPDATE images_image SET due_at = created_at WHERE id IN ({ids})")  # noqa: S608 - ids of ours


def sweeps_that_waited(system):
    return system.described(SWEEPER).log.read_text().count("sweep waits")


def test_many_messages_are_there_after_the_broker_was_killed_and_the_sweep_adds_none(
    cluster, crowd
):
    messages, images = crowd
    messages.write(MANY)
    messages.wait_published()
    make_due(messages, images)
    depth, waited = messages.depth(), sweeps_that_waited(cluster)
    assert depth >= MANY
    wait_until(
        lambda: sweeps_that_waited(cluster) >= waited + SWEEPS, seconds=90, what="sweeps to wait"
    )
    assert messages.depth() == depth

    cluster.kill("rabbitmq")
    cluster.start("rabbitmq")
    # A quorum queue counts what it has applied of its log so far, and goes on applying it.
    wait_until(lambda: messages.depth() >= depth, seconds=APPLIED_SECONDS, what="all to be back")
    assert messages.depth() == depth

    cluster.start(RENDITIONS)
    for image in images:
        cluster.client.wait_ready(image["id"])
    wait_until(lambda: not messages.depth(), seconds=TAKEN_SECONDS, what="the queue to be empty")


def test_images_whose_messages_were_lost_are_made_after_everything_was_restarted(cluster, crowd):
    messages, images = crowd
    messages.wait_published()
    assert messages.take()
    make_due(messages, images)
    cluster.kill("rabbitmq", SWEEPER, "relay", "beat")
    cluster.start("rabbitmq", SWEEPER, "relay", "beat", RENDITIONS)
    for image in images:
        cluster.client.wait_ready(image["id"])


def put_aside(messages):
    """Let the broker put every message aside, as it does after too many deliveries."""
    with messages.channel() as channel:
        while (message := channel.basic_get(QUEUE)) is not None:
            channel.basic_reject(message.delivery_info["delivery_tag"], requeue=False)


def test_an_image_whose_message_was_put_aside_is_made_once_an_operator_says_so(cluster, crowd):
    messages, images = crowd
    wanted = {image["id"] for image in images}
    messages.wait_published()
    put_aside(messages)

    def listed_all():
        listed = cluster.manage("deadletters", "list")
        return listed if wanted <= {*listed.split()} else None

    listed = wait_until(listed_all, seconds=60, what="dead letters")
    assert re.search(r"renditions\.make +\S+ +renditions +rejected +1 +\d{4}-\d\d-\d\d", listed)
    retried = cluster.manage("deadletters", "retry", *sorted(wanted))
    assert retried.count("stored, due now") == len(images)
    assert "0 shown" in cluster.manage("deadletters", "list", "--queue", QUEUE)
    cluster.start(RENDITIONS)
    for image in images:
        cluster.client.wait_ready(image["id"])
