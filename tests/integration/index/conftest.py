"""Fixtures: the index on SQLite and on PostgreSQL, as the profiles have it."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.db.backends.utils import CursorWrapper

from config.local.ports import free_port_block
from config.local.runner import start
from config.local.servers import Postgres
from config.local.service import MissingServerError
from tests.factories import isolate, make_cluster, make_user
from tests.integration.index.databases import index_at, sqlite_copy, tables_empty, tables_make
from webapp.cluster import clock
from webapp.cluster.clock import index_now
from webapp.storage.quorum import quorum_write
from webapp.uploads import threads


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory, django_db_blocker):
    """An empty index in a file."""
    path = tmp_path_factory.mktemp("sqlite") / "index.sqlite3"
    with django_db_blocker.unblock(), index_at(f"sqlite:///{path}"):
        tables_make()
    return path


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory, django_db_blocker):
    """An empty index on a PostgreSQL of our own."""
    folder = tmp_path_factory.mktemp("postgres")
    server = Postgres(directory=folder, port=free_port_block(), password=secrets.token_hex(8))
    try:
        running = start(server.service())
    except MissingServerError as missing:
        pytest.skip(str(missing))
    try:
        with django_db_blocker.unblock(), index_at(server.url):
            tables_make()
        yield server.url
    finally:
        running.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def index(request, tmp_path, django_db_blocker):
    """An empty index of either kind; gives its kind."""
    if request.param == "sqlite":
        url = sqlite_copy(request.getfixturevalue("sqlite_template"), tmp_path)
    else:
        url = request.getfixturevalue("postgres_url")
    with django_db_blocker.unblock(), index_at(url):
        if request.param == "postgresql":
            tables_empty()
        yield request.param


@pytest.fixture
def postgresql(postgres_url, django_db_blocker):
    """An empty index on PostgreSQL."""
    with django_db_blocker.unblock(), index_at(postgres_url):
        tables_empty()
        yield


@pytest.fixture
def shards(settings, tmp_path):
    """Shards of folders, in the index the test asked for before."""
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def owner(index, shards):
    return make_user()


@pytest.fixture
def receiver_thread(monkeypatch):
    """A thread of the receiver that saw no other index; its connection ends with it."""
    with ThreadPoolExecutor(1) as thread:
        monkeypatch.setattr(threads, "_looks", thread)
        monkeypatch.setattr(threads, "_stores", thread)
        yield
        thread.submit(connections.close_all).result()


@pytest.fixture
def compared(shards, monkeypatch):
    """The index's clock, compared once and for all: a statement less in what is counted."""
    index_now()
    monkeypatch.setattr(clock, "MEASURE_SECONDS", 3600.0)


@pytest.fixture
def patient(monkeypatch):
    """No shard is taken for slow, on a busy machine either: its stand-in costs statements."""
    monkeypatch.setitem(quorum_write.__kwdefaults__, "slow_after", 60.0)


@pytest.fixture
def statements(monkeypatch):
    """Every statement of every thread from now on, but nudges: those are per time, not per call."""
    seen = []

    def noted(name):
        plain = getattr(CursorWrapper, name)

        def wrapper(self, sql, params=None):
            if not sql.startswith("NOTIFY"):
                seen.append(sql)
            return plain(self, sql, params)

        monkeypatch.setattr(CursorWrapper, name, wrapper)

    noted("execute")
    noted("executemany")
    return seen
