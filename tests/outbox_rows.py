"""Messages on their way: written to the outbox of a running system, counted on its queues."""

import sqlite3
from contextlib import closing, contextmanager

import psycopg
from kombu import Connection, Queue

from tests.processes import wait_until

TASK = "renditions.make"
QUEUE = "renditions"
PUBLISHED_SECONDS = 120
BUSY_SECONDS = 60


class Messages:
    """The outbox and the queues of a system, of either profile.

    Subjects are made up: a worker that gets one finds no row, which for it means done.
    """

    def __init__(self, system):
        self._url = system.environment["SHOEBOX_DATABASE_URL"]
        self._broker_url = system.environment["SHOEBOX_BROKER_URL"]
        self._made = 0

    def write(self, count=1, *, queue=QUEUE):
        """Commit so many messages at once; return their subjects, in order."""
        subjects = [f"drill-{self._made + number}" for number in range(count)]
        self._made += count
        self._insert(TASK, queue, subjects)
        return subjects

    def queue(self, task, subjects):
        """Commit a message of ``task`` for each subject at once."""
        self._insert(task.value, task.queue.value, subjects)

    def _insert(self, task, queue, subjects):
        values = ", ".join(f"('{task}', '{queue}', '{s}', CURRENT_TIMESTAMP, 0)" for s in subjects)
        columns = "task, queue, subject, created_at, attempts"
        with self.index() as index:
            index.execute(f"INSERT INTO outbox_outboxmessage ({columns}) VALUES {values}")  # noqa: S608 - made up by tests

    @contextmanager
    def index(self):
        """Give a connection to the index; committed at the end."""
        if self._url.startswith("sqlite"):
            path = self._url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection, connection:
                yield connection
        else:
            with psycopg.connect(self._url) as connection:
                yield connection

    def waiting(self):
        """Return the subjects of all messages that are not published yet, oldest first."""
        with self.index() as index:
            rows = index.execute("SELECT subject FROM outbox_outboxmessage ORDER BY id")
            return [subject for (subject,) in rows]

    def unclaimed(self):
        """Return how many messages no relay holds at the moment; PostgreSQL only."""
        with self.index() as index:
            rows = "SELECT id FROM outbox_outboxmessage FOR UPDATE SKIP LOCKED"
            return len(index.execute(rows).fetchall())

    def wait_published(self):
        wait_until(
            lambda: not self.waiting(), seconds=PUBLISHED_SECONDS, what="the outbox to be empty"
        )

    @contextmanager
    def channel(self):
        with Connection(self._broker_url) as connection:
            yield connection.default_channel

    def depth(self):
        """Return how many messages lie on the queue."""
        with self.channel() as channel:
            if self._broker_url.startswith("amqp"):
                return channel.queue_declare(QUEUE, passive=True).message_count
            return channel.client.llen(QUEUE)

    def take(self):
        """Take all messages from the queue; return their subjects, in order."""
        with self.channel() as channel:
            queue = Queue(QUEUE, no_declare=True)(channel)
            messages = iter(lambda: queue.get(no_ack=True, accept=["json"]), None)
            return [message.payload[0][0] for message in messages]

    def clear(self):
        """Leave neither rows nor messages behind."""
        with self.index() as index:
            index.execute("DELETE FROM outbox_outboxmessage WHERE subject LIKE 'drill-%'")
        self.take()
