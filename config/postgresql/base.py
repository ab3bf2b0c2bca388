"""Connections to PostgreSQL that are looked at when they are taken out of the pool.

The pool itself can look at them, and waits after each that has ended: nought, one, two, four
seconds. A service with a handful of idle ones answered nobody for ten seconds after PostgreSQL was
restarted. Here the next one is taken at once.

Source: psycopg_pool 3.3, ``ConnectionPool.getconn`` and ``check``.
"""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, for a pool that does not look at its connections by itself."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection of the pool that works; those that ended are replaced.

        Raises:
            OperationalError: PostgreSQL does not answer.
        """
        connection = super().get_new_connection(conn_params)
        pool = self.pool
        # No more can have ended than there is room for.
        for _ in range(pool.max_size if pool else 0):
            try:
                ConnectionPool.check_connection(connection)
            except OperationalError:
                pool.putconn(connection)  # which lets another be made in its place
                connection = super().get_new_connection(conn_params)
            else:
                break
        return connection
