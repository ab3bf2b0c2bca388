"""What the index knows before an upload is stored: one statement for all of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import connection

from webapp.cluster.models import ClusterState
from webapp.cluster.read_only import read_only_error
from webapp.cluster.snapshot import cluster_state, topology_at
from webapp.core.quota import Quota, Usage
from webapp.core.topology import Topology
from webapp.images.models import IdempotencyKey, Image, ImageState
from webapp.images.values import Upload

if TYPE_CHECKING:
    from webapp.accounts.models import User

ANSWERING = (ImageState.STORED, ImageState.READY, ImageState.FAILED)


@dataclass(frozen=True, slots=True)
class Known:
    """What the index knew.

    Args:
        topology: The published one.
        epoch: The index's.
        duplicate: Id of an image that answers the same bytes; None: no such image.
        key_image: Id of the image the Idempotency-Key was answered with.
        key_digest: Source digest the key was used for.
        used: What the owner keeps.
        quota: What they may keep.
    """

    topology: Topology
    epoch: int
    duplicate: str | None
    key_image: str | None
    key_digest: str | None
    used: Usage
    quota: Quota


def known_of(owner: "User", upload: Upload, dedupe_key: str) -> Known:
    """Return what the index knows of an upload's picture, key, owner and cluster.

    Raises:
        ReadOnlyError: The index takes no writes at the moment.
    """
    row = _ask(owner, upload, dedupe_key) or _first_time(owner, upload, dedupe_key)
    revision, epoch, read_only, duplicate, key_image, key_digest, used_bytes, used_images = row
    if read_only:
        raise read_only_error(read_only)
    return Known(
        topology=topology_at(revision),
        epoch=epoch,
        duplicate=duplicate,
        key_image=key_image,
        key_digest=key_digest,
        used=Usage(used_bytes, used_images),
        quota=Quota(owner.quota_bytes, owner.quota_images),
    )


# By hand: Django takes longer to compose this than the index to answer it.
_ASKED = """
SELECT topology_revision, epoch, read_only,
    (SELECT id FROM {images} WHERE dedupe_key = %(same)s AND state IN ({states})),
    (SELECT image_id FROM {keys} WHERE owner_id = %(owner)s AND "key" = %(key)s),
    (SELECT source_digest FROM {keys} WHERE owner_id = %(owner)s AND "key" = %(key)s),
    (SELECT used_bytes FROM {users} WHERE id = %(owner)s),
    (SELECT used_images FROM {users} WHERE id = %(owner)s)
FROM {cluster} WHERE id = %(only)s
"""


def _ask(owner: "User", upload: Upload, dedupe_key: str) -> tuple[Any, ...] | None:
    users = get_user_model()._meta  # noqa: SLF001 - Django's name
    asked = _ASKED.format(
        images=Image._meta.db_table,  # noqa: SLF001 - Django's name
        keys=IdempotencyKey._meta.db_table,  # noqa: SLF001 - Django's name
        users=users.db_table,
        cluster=ClusterState._meta.db_table,  # noqa: SLF001 - Django's name
        states=", ".join(f"'{state.value}'" for state in ANSWERING),
    )
    values = {
        "same": dedupe_key,
        "owner": users.pk.get_db_prep_value(owner.pk, connection),
        "key": upload.idempotency_key,
        "only": ClusterState.ONLY,
    }
    with connection.cursor() as cursor:
        cursor.execute(asked, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def _first_time(owner: "User", upload: Upload, dedupe_key: str) -> tuple[Any, ...]:
    cluster_state()
    row = _ask(owner, upload, dedupe_key)
    assert row is not None  # noqa: S101 - it has just been made
    return row
