"""What the index knows before an upload is stored: one statement for all of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import CharField, QuerySet, Subquery, Value

from webapp.cluster.models import ClusterState
from webapp.cluster.read_only import read_only_error
from webapp.cluster.snapshot import cluster_state, topology_at
from webapp.core.quota import Quota, Usage
from webapp.core.topology import Topology
from webapp.images.models import IdempotencyKey, Image, ImageState
from webapp.images.values import Upload

if TYPE_CHECKING:
    from webapp.accounts.models import User

Rows = Any  # the plugin knows the model's columns only, not those that are annotated
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
        used: What the owner keeps; looked up only for owners with a quota.
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
    only = ClusterState.objects.filter(id=ClusterState.ONLY).order_by()
    rows: Rows = only.annotate(**_asked(owner, upload, dedupe_key)).values()
    row = rows.first() or _first_time(rows)
    if row["read_only"]:
        raise read_only_error(row["read_only"])
    return Known(
        topology=topology_at(row["topology_revision"]),
        epoch=row["epoch"],
        duplicate=row["duplicate"],
        key_image=row["key_image"],
        key_digest=row["key_digest"],
        used=Usage(row["used_bytes"], row["used_images"]),
        quota=Quota(owner.quota_bytes, owner.quota_images),
    )


def _asked(owner: "User", upload: Upload, dedupe_key: str) -> dict[str, Any]:
    same = Image.objects.filter(dedupe_key=dedupe_key, state__in=ANSWERING).order_by()
    keys = IdempotencyKey.objects.filter(owner=owner, key=upload.idempotency_key)
    owners = get_user_model()._default_manager.filter(pk=owner.pk)  # noqa: SLF001 - Django's name
    sent, limited = bool(upload.idempotency_key), bool(Quota(owner.quota_bytes, owner.quota_images))
    return {
        "duplicate": _one(same, "id"),
        "key_image": _one(keys, "image_id") if sent else _text(None),
        "key_digest": _one(keys, "source_digest") if sent else _text(None),
        "used_bytes": _one(owners, "used_bytes") if limited else Value(0),
        "used_images": _one(owners, "used_images") if limited else Value(0),
    }


def _one(rows: QuerySet[Any], column: str) -> Subquery:
    return Subquery(rows.values(column)[:1])


def _text(value: str | None) -> Value:
    return Value(value, output_field=CharField())


def _first_time(rows: Rows) -> Any:
    cluster_state()
    return rows.get()
