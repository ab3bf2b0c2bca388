"""The index on either database, in place of the one the tests were started with."""

import shutil
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection, connections

from config.settings import _database

ALIAS = "default"
KEPT = "django_migrations"


@contextmanager
def index_at(url):
    """Let the whole process use the index at ``url``; nothing of it stays open afterwards."""
    _let_go()
    before = connections.settings[ALIAS]
    connections.settings[ALIAS] = connections.configure_settings({ALIAS: _database(url)})[ALIAS]
    try:
        yield
    finally:
        _let_go()
        connections.settings[ALIAS] = before


def _let_go():
    """Close this thread's connection, and the pool it may be from; another is made anew."""
    connection.close()
    if getattr(connection, "pool", None):
        connection.close_pool()
    del connections[ALIAS]


def tables_make():
    call_command("migrate", verbosity=0)


def sqlite_copy(template, folder):
    """Return the address of a copy of an index that nobody uses."""
    path = folder / "index.sqlite3"
    shutil.copyfile(template, path)
    return f"sqlite:///{path}"


def tables_empty():
    with connection.cursor() as cursor:
        names = [n for n in connection.introspection.table_names(cursor) if n != KEPT]
        quoted = ", ".join(connection.ops.quote_name(name) for name in names)
        cursor.execute(f"TRUNCATE {quoted} RESTART IDENTITY CASCADE")
