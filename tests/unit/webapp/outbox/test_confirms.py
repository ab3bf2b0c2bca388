"""Confirms and refusals of a broker, matched to the messages they are about."""

from collections import defaultdict

import pytest
from amqp import Message
from amqp.exceptions import ChannelError, MessageNacked

from webapp.outbox.confirms import Confirms

SECONDS = 10


class Channel:
    """A channel and its connection in one; each look at the network brings one answer."""

    def __init__(self):
        self.events = defaultdict(set)
        self.connection = self
        self.numbers = 0
        self.answers = []

    def confirm_select(self):
        self.numbers = 0

    def basic_publish(self, _message, **_options):
        self.numbers += 1

    def drain_events(self, *, timeout):
        assert 0 < timeout <= SECONDS
        if not self.answers:
            raise TimeoutError
        event, *values = self.answers.pop(0)
        for handler in self.events[event]:
            handler(*values)


@pytest.fixture
def channel():
    return Channel()


@pytest.fixture
def confirms(channel):
    return Confirms(channel)


def publish(confirms, channel, *keys):
    for key in keys:
        with confirms.following(key):
            channel.basic_publish(Message(correlation_id=f"task-{key}"), mandatory=True)


def returned(key):
    error = ChannelError("NO_ROUTE", reply_code=312)
    return "basic_return", error, "", "", Message(correlation_id=f"task-{key}")


def test_one_answer_may_confirm_all_messages_before_it(confirms, channel):
    publish(confirms, channel, 11, 12, 13)
    channel.answers = [("basic_ack", 3, False), ("basic_ack", 2, True)]
    confirms.wait(SECONDS)
    assert confirms.taken() == [11, 12, 13]


def test_a_message_is_taken_once_all_that_was_published_for_it_is(confirms, channel):
    with confirms.following(11):
        channel.basic_publish(Message(correlation_id="task-11"), mandatory=True)
        channel.basic_publish(Message())
    channel.answers = [("basic_ack", 1, False)]
    with pytest.raises(TimeoutError):
        confirms.wait(SECONDS)
    assert confirms.taken() == []


def test_of_a_batch_only_what_the_broker_refused_is_not_taken(confirms, channel):
    publish(confirms, channel, 11, 12, 13, 14, 15)
    channel.answers = [
        ("basic_ack", 1, False),
        ("basic_nack", 3, True),
        ("basic_ack", 5, True),
    ]
    with pytest.raises(MessageNacked):
        confirms.wait(SECONDS)
    assert confirms.taken() == [11, 14, 15]


def test_a_message_that_found_no_queue_is_not_taken_though_it_is_confirmed(confirms, channel):
    publish(confirms, channel, 11, 12, 13)
    channel.answers = [returned(12), ("basic_ack", 3, True)]
    with pytest.raises(ChannelError, match="NO_ROUTE"):
        confirms.wait(SECONDS)
    assert confirms.taken() == [11, 13]


def test_a_message_that_failed_on_its_way_is_not_taken(confirms, channel):
    publish(confirms, channel, 11)
    with pytest.raises(OSError, match="broken"), confirms.following(12):
        raise OSError("broken")
    channel.answers = [("basic_ack", 1, False)]
    confirms.wait(SECONDS)
    assert confirms.taken() == [11]


def test_the_numbers_of_a_channel_go_on_from_batch_to_batch(confirms, channel):
    publish(confirms, channel, 11, 12)
    channel.answers = [("basic_ack", 2, True)]
    confirms.wait(SECONDS)
    confirms.forget()
    publish(confirms, channel, 13, 14)
    channel.answers = [("basic_nack", 4, False), ("basic_ack", 3, False)]
    with pytest.raises(MessageNacked):
        confirms.wait(SECONDS)
    assert confirms.taken() == [13]


def test_where_brokers_confirm_nothing_they_have_what_was_published():
    confirms = Confirms(object())
    with confirms.following(11):
        pass
    confirms.wait(SECONDS)
    assert confirms.taken() == [11]
