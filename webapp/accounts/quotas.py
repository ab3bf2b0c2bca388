"""What users may keep, and what they keep."""

from dataclasses import dataclass

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from webapp.accounts.models import User
from webapp.core.errors import QuotaExceededError


@dataclass(frozen=True, slots=True)
class Usage:
    """What a user keeps: every image that is there or can be restored."""

    bytes: int
    images: int


def usage(user: User) -> Usage:
    """Return what a user keeps. One query over their images.

    A deleted image counts while it can be restored: its bytes are still on every shard.
    """
    kept = user.images.exclude(state="deleted", restorable_until=None)
    sums = kept.aggregate(bytes=Coalesce(Sum("bytes"), 0), images=Count("id"))
    return Usage(bytes=sums["bytes"], images=sums["images"])


def quota_check(user: User, new_bytes: int) -> None:
    """Check that a user may keep one more image. Free for users without a quota.

    Raises:
        QuotaExceededError: It would exceed their quota of bytes or images; says which.
    """
    if user.quota_bytes is None and user.quota_images is None:
        return
    used = usage(user)
    if user.quota_bytes is not None and used.bytes + new_bytes > user.quota_bytes:
        raise QuotaExceededError(
            f"{used.bytes} of {user.quota_bytes} bytes are used; {new_bytes} more do not fit. "
            "Images that were deleted count until they are erased.",
            quota_bytes=user.quota_bytes,
            used_bytes=used.bytes,
            bytes=new_bytes,
        )
    if user.quota_images is not None and used.images >= user.quota_images:
        raise QuotaExceededError(
            f"{used.images} of {user.quota_images} images are used. "
            "Images that were deleted count until they are erased.",
            quota_images=user.quota_images,
            used_images=used.images,
        )
