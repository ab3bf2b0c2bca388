"""PostgreSQL ended every session, as its restart does: nobody has to wait for the idle ones."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from django.db import connection

from config.settings import POSTGRESQL_POOL
from tests.integration.index.databases import index_at

pytestmark = pytest.mark.real
THREADS = 12


def ask(together=None):
    """Ask the index something on a connection of the pool, all at a time or one alone."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            if together is not None:
                together.wait()
            return cursor.fetchone()[0]
    finally:
        connection.close()


@pytest.fixture
def ended(postgres_url, django_db_blocker):
    """A pool whose idle connections all ended; gives the ids of their sessions."""
    with django_db_blocker.unblock(), index_at(postgres_url):
        together = Barrier(THREADS)
        with ThreadPoolExecutor(THREADS) as threads:
            sessions = set(threads.map(lambda _: ask(together), range(THREADS)))
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            # Returns when they have ended, 5 s later at most.
            ended = "SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM unnest(%s) pid"
            assert admin.execute(ended, [[*sessions]]).fetchone() == (True,)
        yield sessions


def test_the_first_who_asks_is_answered_at_once(ended):
    assert len(ended) == THREADS
    began = time.monotonic()
    assert ask() not in ended
    assert time.monotonic() - began < 5  # the pool by itself gave up after 10


def test_all_who_ask_at_a_time_are_answered(ended):
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda _: ask(), range(2 * THREADS)))
    assert ended.isdisjoint(answers)


def test_attempts_to_connect_begin_anew_with_whoever_asks():
    """They grow apart otherwise, up to minutes after an outage that was as long."""
    assert POSTGRESQL_POOL["reconnect_timeout"] <= POSTGRESQL_POOL["timeout"]
