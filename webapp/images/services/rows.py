"""The statements every image goes through on its way, by hand.

Django takes longer to compose one of them than the index to answer it.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from webapp.cluster.models import ClusterState
from webapp.cluster.read_only import read_only_error
from webapp.core.manifest import RenditionRecord
from webapp.images.models import Image
from webapp.outbox.models import OutboxMessage
from webapp.outbox.tasks import EVENTS_EXCHANGE, Event

if TYPE_CHECKING:
    from webapp.accounts.models import User

_FOUND = """
SELECT {images}.*,
    (SELECT username FROM {users} WHERE {users}.id = owner_id) AS owner_name,
    (SELECT read_only FROM {cluster} WHERE {cluster}.id = %(only)s) AS read_only
FROM {images} WHERE id = %(id)s
"""
_COUNTED = "UPDATE {images} SET attempts = attempts + 1, due_at = %(due_at)s WHERE id = %(id)s"
_CLAIMED = """
UPDATE {images} SET
    renditions = %(renditions)s, placeholder = %(placeholder)s, colour = %(colour)s,
    attempts = 0, refusals = 0, reason = '',
    revision = revision + 1,
    epoch = (
        SELECT CASE WHEN {cluster}.epoch > {images}.epoch
            THEN {cluster}.epoch ELSE {images}.epoch END
        FROM {cluster} WHERE {cluster}.id = %(only)s
    )
WHERE id = %(id)s
    AND EXISTS (SELECT 1 FROM {cluster} WHERE {cluster}.id = %(only)s AND read_only = '')
RETURNING *
"""
_COMMITTED = """
WITH committed AS (
    UPDATE {images} SET
        state = %(state)s, ready_at = %(ready_at)s, manifest_revision = %(revision)s,
        due_at = %(due_at)s
    WHERE id = %(id)s AND revision = %(revision)s
    RETURNING id
)
INSERT INTO {outbox} (task, queue, subject, created_at, attempts)
SELECT %(event)s, %(exchange)s, id, %(now)s, 0 FROM committed
"""


@cache
def _composed(statement: str) -> str:
    tables: dict[str, type[Model]] = {
        "images": Image,
        "users": get_user_model(),
        "cluster": ClusterState,
        "outbox": OutboxMessage,
    }
    return statement.format(**{name: model._meta.db_table for name, model in tables.items()})  # noqa: SLF001 - Django's name


def row_find(*, image_id: str, writable: bool = False) -> Image | None:
    """Return an image with the name of its owner, of whom the rest is asked for when used.

    For a task, an image without a row is done.

    Args:
        image_id: The image.
        writable: Whether something will be written.

    Returns:
        None when the row is gone.

    Raises:
        ReadOnlyError: Something will be, and nothing may be.
    """
    image = _row(_FOUND, {"id": image_id})
    if image is None:
        return None
    name, read_only = vars(image).pop("owner_name"), vars(image).pop("read_only")
    if writable and read_only:
        raise read_only_error(read_only)
    image.owner = _owner(image, name)
    return image


def _owner(image: Image, name: str) -> "User":
    model, known = get_user_model(), {"id": image.owner_id, "username": name}
    fields = [f.attname for f in model._meta.concrete_fields if f.attname in known]  # noqa: SLF001 - Django's name
    return model.from_db(image._state.db, fields, [known[f] for f in fields])  # noqa: SLF001 - Django's name


def row_count_attempt(image: Image, *, due_at: datetime) -> None:
    """Count an attempt, and say when it is taken for failed."""
    with connection.cursor() as cursor:
        cursor.execute(_composed(_COUNTED), {"id": image.id, "due_at": _moment_saved(due_at)})
    image.attempts += 1


def row_claim_recorded(
    *,
    image: Image,
    records: Mapping[str, RenditionRecord],
    look: Mapping[str, str],
) -> Image | None:
    """Note which renditions lie on the shards, and claim the next revision to tell them so.

    What ``image_claim`` promises holds: no two ever have the same revision. Should this process
    not come to its end, the row is due when the attempt was to be over: nothing an index of the
    table knows is changed here, which spares PostgreSQL an entry in each of them.

    Args:
        image: The row the attempt was begun with.
        records: What was stored, by name.
        look: Its ``placeholder`` and ``colour``; empty: as they were noted before.

    Returns:
        The row as it is now, which may be deleted; None when it is gone, or nothing may be
        written.
    """
    values = {
        "id": image.id,
        "renditions": _renditions_saved(image.renditions | _noted(records)),
        "placeholder": image.placeholder,
        "colour": image.colour,
    }
    claimed = _row(_CLAIMED, values | dict(look))
    if claimed is not None:
        claimed.owner = image.owner
    return claimed


def _noted(records: Mapping[str, RenditionRecord]) -> dict[str, dict[str, str | int]]:
    """Return renditions as a row has them."""
    return {name: {"digest": r.digest, "bytes": r.bytes} for name, r in records.items()}


def row_commit_ready(image: Image) -> bool:
    """Save what makes a claimed image ready, and tell it, in one statement of PostgreSQL.

    Returns:
        False when somebody claimed a later revision; nothing was changed.
    """
    values: dict[str, Any] = {
        "id": image.id,
        "revision": image.revision,
        "state": image.state,
        "ready_at": image.ready_at,
        "due_at": image.due_at,
        "event": Event.READY.value,
        "exchange": EVENTS_EXCHANGE,
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_composed(_COMMITTED), values)
        return bool(cursor.rowcount)


def _row(statement: str, values: Mapping[str, Any]) -> Image | None:
    values = {**values, "only": ClusterState.ONLY}
    # All of them: SQLite has not done a statement whose rows were not fetched.
    rows = list(Image.objects.raw(_composed(statement), values))
    return rows[0] if rows else None


def _renditions_saved(renditions: Mapping[str, Any]) -> Any:
    field = Image._meta.get_field("renditions")  # noqa: SLF001 - Django's name
    return field.get_db_prep_value(renditions, connection)


def _moment_saved(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)
