"""Committing an upload: its row, its messages, its key and the count, all of it or nothing.

On PostgreSQL this is one statement: the owner's row is held for no round trip longer than
the commit itself. SQLite has one writer at a time anyway and gets a short transaction, in turn.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Field, Model

from webapp.cluster.index_turn import index_turn
from webapp.cluster.models import TopologyVersion
from webapp.core.quota import Usage
from webapp.images.models import IdempotencyKey, Image
from webapp.outbox.nudges import relay_nudge
from webapp.outbox.services import outbox_messages
from webapp.outbox.tasks import Event, Task

_PLAIN: Final = (str, int, NoneType)


class Committed(Enum):
    """How a commit ended."""

    DONE = "done"
    SUPERSEDED = "superseded"
    OVER_QUOTA = "over quota"


@dataclass(frozen=True, slots=True)
class Commit:
    """What is committed.

    Args:
        image: Its new row.
        version: The topology version it was placed under; must still be current.
        key: The client's Idempotency-Key; None when it sent none.
        replaced: What this image stands for, and does not count against the quota.
    """

    image: Image
    version: int
    key: IdempotencyKey | None
    replaced: Usage

    @property
    def rows(self) -> list[Sequence[Model]]:
        """The rows to add, by table."""
        messages = outbox_messages(
            subject=self.image.id,
            tasks=[Task.MAKE_RENDITIONS, Task.REPLICATE],
            events=[Event.STORED],
        )
        return [[self.image], messages, *([[self.key]] if self.key else [])]


def upload_commit(commit: Commit) -> Committed:
    """Commit an upload.

    Raises:
        IntegrityError: Another image answers the same bytes, or the key is used; nothing was
            changed.
        DatabaseError: It may or may not be committed.
    """
    if connection.vendor == "postgresql":
        return _in_one_statement(commit)
    return _in_one_transaction(commit)


_SUPERSEDED = """
    SELECT 1 FROM {versions}
    WHERE pool_id = %(pool)s AND number > %(version)s AND current_from <= %(now)s
"""
_COUNTED = """
    UPDATE {users} SET used_bytes = used_bytes + %(bytes)s, used_images = used_images + 1
    WHERE id = %(owner)s
      AND (quota_bytes IS NULL OR used_bytes + %(bytes)s - %(replaced_bytes)s <= quota_bytes)
      AND (quota_images IS NULL OR used_images + 1 - %(replaced_images)s <= quota_images)
      AND NOT EXISTS ({superseded})
"""
_STATEMENT = """
WITH owner AS ({counted} RETURNING id), {inserts}
SELECT EXISTS (SELECT 1 FROM owner), EXISTS ({superseded})
"""


def _in_one_transaction(commit: Commit) -> Committed:
    # By hand as well: Django takes longer to write these statements than SQLite to run them.
    superseded, counted = _conditions()
    values = _values(commit)
    with index_turn(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(counted, values)
        if not cursor.rowcount:
            cursor.execute(superseded, values)
            return Committed.SUPERSEDED if cursor.fetchone() else Committed.OVER_QUOTA
        for number, rows in enumerate(commit.rows):
            cursor.execute(*_insert_alone(rows, number))
    return Committed.DONE


def _conditions() -> tuple[str, str]:
    """Return the query for a newer version, and the UPDATE that counts an image."""
    superseded = _SUPERSEDED.format(versions=TopologyVersion._meta.db_table)  # noqa: SLF001 - Django's name
    users = get_user_model()._meta.db_table  # noqa: SLF001 - Django's name
    return superseded, _COUNTED.format(users=users, superseded=superseded)


def _in_one_statement(commit: Commit) -> Committed:
    superseded, counted = _conditions()
    values = _values(commit)
    inserts = [
        f"added_{number} AS ({_insert(rows, number, values)})"
        for number, rows in enumerate(commit.rows)
    ]
    statement = _STATEMENT.format(
        counted=counted, superseded=superseded, inserts=", ".join(inserts)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        done, superseded = cursor.fetchone()
    if done:
        relay_nudge()
        return Committed.DONE
    return Committed.SUPERSEDED if superseded else Committed.OVER_QUOTA


def _values(commit: Commit) -> dict[str, Any]:
    image = commit.image
    return {
        "owner": get_user_model()._meta.pk.get_db_prep_value(image.owner_id, connection),  # noqa: SLF001 - Django's name
        "bytes": image.bytes,
        "replaced_bytes": commit.replaced.bytes,
        "replaced_images": commit.replaced.images,
        "pool": image.pool,
        "version": commit.version,
        "now": time.time(),
    }


def _insert(rows: Sequence[Model], number: int, values: dict[str, Any]) -> str:
    """Return an INSERT of rows that happens when ``owner`` was counted; adds to ``values``."""
    into, lists = _into(rows, number, values)
    if len(lists) == 1:  # a column may be empty then: its type is the table's
        return f"{into} SELECT {lists[0]} FROM owner"  # noqa: S608 - names of our own tables
    several = ", ".join(f"({item})" for item in lists)
    return f"{into} SELECT v.* FROM owner, (VALUES {several}) AS v"  # noqa: S608 - names of our own tables


def _insert_alone(rows: Sequence[Model], number: int) -> tuple[str, dict[str, Any]]:
    """Return an INSERT of rows, and its values."""
    values: dict[str, Any] = {}
    into, lists = _into(rows, number, values)
    return f"{into} VALUES {', '.join(f'({item})' for item in lists)}", values


def _into(rows: Sequence[Model], number: int, values: dict[str, Any]) -> tuple[str, list[str]]:
    """Return how an INSERT begins, and the placeholders of each row; adds to ``values``."""
    into, fields = _columns(type(rows[0]), rows[0].pk is not None)
    lists = []
    for i, row in enumerate(rows):
        items = []
        for field in fields:
            value = _saved(field, row)
            if not (item := _literal(value)):
                name = f"r{number}_{i}_{field.column}"
                values[name], item = value, f"%({name})s"
            items.append(item)
        lists.append(", ".join(items))
    return into, lists


def _saved(field: "Field[Any, Any]", row: Model) -> Any:
    value = field.pre_save(row, True)
    # Django would ask the field of every one of these, and get them back as they are.
    return value if type(value) in _PLAIN else field.get_db_prep_save(value, connection)


def _literal(value: Any) -> str:
    """Return how a value that most rows have is written; empty for all others.

    The fewer values a statement has, the better its text is remembered: psycopg takes one with
    more than 50 apart each time, which takes longer than anything else about it.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "''" if isinstance(value, str) and not value else ""


@cache
def _columns(table: type[Model], keyed: bool) -> tuple[str, tuple["Field[Any, Any]", ...]]:  # noqa: FBT001 - key of a cache
    """Return how an INSERT begins, and the fields of it; the database numbers what has no key."""
    meta = table._meta  # noqa: SLF001 - Django's name
    fields = tuple(field for field in meta.concrete_fields if keyed or not field.primary_key)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return f"INSERT INTO {meta.db_table} ({columns})", fields
