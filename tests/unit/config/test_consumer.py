"""A worker whose broker is gone goes on."""

import logging
from types import SimpleNamespace

import pytest
from celery.worker import consumer
from kombu.message import Message

from config.celery import app
from config.consumer import Consumer


class Lost:
    """A connection as kombu leaves it when a message was held: closing it once more fails."""

    connection_errors = channel_errors = ()

    def collect(self, **_how):
        raise ConnectionError

    def close(self):
        raise AttributeError("'NoneType' object has no attribute 'hostname'")


class Dropped:
    """A channel of a connection that kombu has dropped."""

    no_ack_consumers = None

    def basic_ack(self, *_what, **_how):
        raise AttributeError("'NoneType' object has no attribute 'hostname'")

    basic_reject = basic_ack


def lost(kind):
    found = kind.__new__(kind)
    found.connection = Lost()
    return found


def errors_of(kind):
    controller = SimpleNamespace(use_eventloop=True)
    return kind(None, app=app, controller=controller).connection_errors


def test_workers_of_ours_take_tasks_by_our_consumer():
    assert app.conf.worker_consumer == "config.consumer:Consumer"


def test_a_message_that_cannot_be_given_back_ends_no_worker():
    worker = lost(Consumer)
    worker.on_connection_error_after_connected(ConnectionError("gone"))
    assert worker.connection is None


def test_celery_still_needs_that():
    with pytest.raises(AttributeError):
        lost(consumer.Consumer).on_connection_error_after_connected(ConnectionError("gone"))


@pytest.mark.parametrize("way", ["ack_log_error", "reject_log_error"])
def test_a_task_that_ends_after_its_connection_ends_no_worker(way):
    errors = errors_of(Consumer)
    getattr(Message(channel=Dropped()), way)(logging.getLogger(), errors)


def test_celery_needs_that_too():
    errors = errors_of(consumer.Consumer)
    with pytest.raises(AttributeError):
        Message(channel=Dropped()).ack_log_error(logging.getLogger(), errors)
