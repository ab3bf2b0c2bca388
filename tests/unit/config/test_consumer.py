"""A worker whose broker is gone goes on."""

import pytest
from celery.worker import consumer

from config.celery import app
from config.consumer import Consumer


class Lost:
    """A connection as kombu leaves it when a message was held: closing it once more fails."""

    connection_errors = channel_errors = ()

    def collect(self, **_how):
        raise ConnectionError

    def close(self):
        raise AttributeError("'NoneType' object has no attribute 'hostname'")


def lost(kind):
    found = kind.__new__(kind)
    found.connection = Lost()
    return found


def test_workers_of_ours_take_tasks_by_our_consumer():
    assert app.conf.worker_consumer == "config.consumer:Consumer"


def test_a_message_that_cannot_be_given_back_ends_no_worker():
    worker = lost(Consumer)
    worker.on_connection_error_after_connected(ConnectionError("gone"))
    assert worker.connection is None


def test_celery_still_needs_that():
    with pytest.raises(AttributeError):
        lost(consumer.Consumer).on_connection_error_after_connected(ConnectionError("gone"))
