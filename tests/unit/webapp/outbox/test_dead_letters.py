import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from pika.spec import BasicProperties

from webapp.core.errors import ConfigurationError
from webapp.outbox import dead_letters
from webapp.outbox.dead_letters import DeadLetter, Selection, letter_read, letters_walk

FIRST, LAST = datetime(2026, 11, 22, 10, tzinfo=UTC), datetime(2026, 11, 22, 11, tzinfo=UTC)
HEADERS = {
    "id": "message-1",
    "task": "renditions.make",
    "x-first-death-queue": "renditions",
    "x-first-death-reason": "delivery_limit",
    "x-death": [
        {"queue": "renditions", "reason": "delivery_limit", "count": 2, "time": LAST},
        {"queue": "renditions", "reason": "rejected", "count": 1, "time": FIRST},
    ],
}


def test_a_task_that_was_put_aside_says_what_it_is_about_and_why():
    body = json.dumps([["p000abc"], {}, {}]).encode()

    assert letter_read(BasicProperties(headers=HEADERS), body) == DeadLetter(
        id="message-1",
        task="renditions.make",
        subject="p000abc",
        queue="renditions",
        reason="delivery_limit",
        deaths=3,
        first_at=FIRST,
        last_at=LAST,
        body=body,
    )


def test_an_event_that_was_put_aside_says_whose_it_is():
    letter = letter_read(
        BasicProperties(message_id="m1"), b'{"event": "image.ready", "id": "p000abc"}'
    )

    assert (letter.id, letter.task, letter.subject) == ("m1", "image.ready", "p000abc")


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"[[]]", b"3", b"[3]"])
def test_a_message_that_says_nothing_is_a_dead_letter_all_the_same(body):
    assert letter_read(BasicProperties(), body) == DeadLetter(id="", body=body)


@pytest.mark.parametrize(
    ("selection", "meant"),
    [
        (Selection(), True),
        (Selection(ids=frozenset({"m1"})), True),
        (Selection(ids=frozenset({"p000abc"})), True),
        (Selection(ids=frozenset({"m2"})), False),
        (Selection(queue="renditions"), True),
        (Selection(queue="webhooks"), False),
    ],
)
def test_letters_are_chosen_by_message_by_image_and_by_queue(selection, meant):
    letter = DeadLetter(id="m1", subject="p000abc", queue="renditions")

    assert selection.has(letter) is meant


class Letters:
    """A channel with messages, and how many of them were taken."""

    def __init__(self, count):
        self.count, self.taken = count, 0

    def queue_declare(self, _queue, *, passive):
        assert passive
        return SimpleNamespace(method=SimpleNamespace(message_count=self.count))

    def basic_get(self, _queue):
        self.taken += 1
        return SimpleNamespace(delivery_tag=self.taken), BasicProperties(headers=HEADERS), b""


@pytest.mark.parametrize(("looks", "taken"), [(3, 3), (None, 9), (20, 9)])
def test_no_more_letters_are_taken_than_may_be_looked_at(looks, taken):
    letters = Letters(9)
    selection = Selection(queue="one that none of them died on", looks=looks)

    dead_letters._walk(letters, selection, lambda _: False)

    assert letters.taken == taken


def test_valkey_has_no_dead_letters_and_says_what_stands_instead():
    with pytest.raises(ConfigurationError, match="What stands instead is the index"):
        letters_walk(broker_url="redis://h/0", selection=Selection(), done=lambda _: False)
