"""What owners keep, counted in the transaction that adds or erases an image.

The count is a pair of columns of the owner's row, moved by conditional UPDATE (see ``commit``):
two uploads that would both fit alone wait for each other there, and the second sees the first.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from webapp.core.errors import BusyError, QuotaExceededError, ShoeboxError
from webapp.core.quota import Quota, Usage
from webapp.images.models import Image

if TYPE_CHECKING:
    from webapp.accounts.models import User

log = structlog.get_logger(__name__)


def usage_give_back(image: Image) -> None:
    """Count an image no more; inside the transaction that makes it unrestorable."""
    get_user_model()._default_manager.filter(pk=image.owner_id).update(  # noqa: SLF001 - Django's name
        used_bytes=F("used_bytes") - image.bytes, used_images=F("used_images") - 1
    )


def quota_error(owner: "User", *, new_bytes: int, replaced: Usage) -> ShoeboxError:
    """Return what to say when an image was not counted: why, as it is now."""
    now = get_user_model()._default_manager.get(pk=owner.pk)  # noqa: SLF001 - Django's name
    try:
        used = Usage(now.used_bytes, now.used_images).without(replaced)
        Quota(now.quota_bytes, now.quota_images).check(used, new_bytes=new_bytes)
    except QuotaExceededError as error:
        return error
    return BusyError("There is room only now; send the upload again.")


@dataclass(frozen=True, slots=True)
class Drift:
    """An owner whose count is not what their images are."""

    owner: str
    counted: Usage
    true: Usage


def usage_recount(*, apply: bool) -> list[Drift]:
    """Count every owner's images anew; return whose count was wrong. Twice is once.

    One statement looks for counts that drifted. Only of those owners uploads and erasures wait,
    while their images are counted again.

    Args:
        apply: Whether to set the columns right.
    """
    found = [_recount(pk, apply=apply) for pk in _drifted()]
    return [drift for drift in found if drift]


def _drifted() -> list[UUID]:
    """Return whose count is wrong. A row and its count are committed as one, so no upload is."""
    kept = ~Q(images__state="deleted", images__restorable_until=None)
    true_bytes = Coalesce(Sum("images__bytes", filter=kept), 0)
    owners = get_user_model()._default_manager.annotate(  # noqa: SLF001 - Django's name
        true_bytes=true_bytes, true_images=Count("images", filter=kept)
    )
    wrong = owners.exclude(used_bytes=F("true_bytes"), used_images=F("true_images"))
    return list(wrong.order_by("pk").values_list("pk", flat=True))


def _recount(pk: UUID, *, apply: bool) -> Drift | None:
    with transaction.atomic():
        # Locked first: what others have committed by then is seen, and nobody else may go on.
        owner: User = get_user_model()._default_manager.select_for_update().get(pk=pk)  # noqa: SLF001 - Django's name
        counted, true = Usage(owner.used_bytes, owner.used_images), _usage_true(owner)
        if counted == true:
            return None
        if apply:
            owner.used_bytes, owner.used_images = true.bytes, true.images
            owner.save(update_fields=["used_bytes", "used_images"])
    log.warning("usage drifted", owner=owner.username, counted=counted, true=true, set=apply)
    return Drift(owner.username, counted, true)


def _usage_true(owner: "User") -> Usage:
    kept = Image.objects.filter(owner=owner).exclude(state="deleted", restorable_until=None)
    sums = kept.aggregate(bytes=Coalesce(Sum("bytes"), 0), images=Count("id"))
    return Usage(sums["bytes"], sums["images"])
