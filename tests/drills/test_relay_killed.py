"""The relay is killed anywhere while it publishes: nothing is lost, nothing is left unpublished."""

import psycopg
import pytest

from tests.outbox_rows import Messages
from tests.processes import wait_until

COUNT = 3000
KILLED_AT = (1, 900, 2100)
"""How many messages lie on the queue when it is killed."""


@pytest.fixture
def messages(system):
    """Give an outbox and a queue that nobody takes from."""
    system.stop("worker-renditions")
    made = Messages(system)
    made.clear()
    yield made
    made.clear()


def ours(subjects):
    """Leave out what other drills had on its way home."""
    return [subject for subject in subjects if subject.startswith("drill-")]


def test_every_message_is_published_though_the_relay_is_killed_again_and_again(system, messages):
    subjects = messages.write(COUNT)
    for published in KILLED_AT:
        wait_until(
            lambda published=published: messages.depth() >= published,
            seconds=60,
            what=f"{published} messages on the queue",
        )
        system.kill("relay")
        assert messages.waiting(), "it had published everything before it was killed"
        system.start("relay")
    messages.wait_published()
    assert set(ours(messages.take())) == set(subjects)


@pytest.mark.parametrize("system", ["cluster"], indirect=True)
def test_what_was_confirmed_and_not_yet_removed_is_published_again(system, messages):
    system.kill("relay")
    lying, subjects = messages.depth(), messages.write(50)
    with psycopg.connect(system.environment["SHOEBOX_DATABASE_URL"]) as index:
        # Rows can be claimed and not removed, so the relay hangs between the two.
        index.execute("LOCK TABLE outbox_outboxmessage IN SHARE MODE")
        system.start("relay")
        wait_until(lambda: messages.depth() >= lying + 50, seconds=60, what="all to be confirmed")
        system.kill("relay")
    assert ours(messages.waiting()) == subjects
    system.start("relay")
    messages.wait_published()
    assert ours(messages.take()) == subjects * 2
