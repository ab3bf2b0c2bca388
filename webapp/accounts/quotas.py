"""What users keep and may keep, as they and the receiver ask for it.

The columns are kept true by whoever adds or erases an image, in the same transaction; see
``webapp.images.services.usage``.
"""

from webapp.accounts.models import User
from webapp.core.quota import Quota, Usage

__all__ = ["Quota", "Usage", "quota_check", "quota_of", "usage", "usage_of"]


def usage(user: User) -> Usage:
    """Return what a user keeps now. One query by primary key.

    A deleted image counts while it can be restored: its bytes are still on every shard.
    """
    return Usage(*User.objects.values_list("used_bytes", "used_images").get(pk=user.pk))


def usage_of(user: User) -> Usage:
    """Return what a user kept when their row was read. No query."""
    return Usage(user.used_bytes, user.used_images)


def quota_of(user: User) -> Quota:
    """Return what a user may keep."""
    return Quota(user.quota_bytes, user.quota_images)


def quota_check(user: User, new_bytes: int, *, used: Usage | None = None) -> None:
    """Check early that a user may keep one more image. Free for users without a quota.

    Only the commit of an image decides; this saves sending what will not be kept.

    Args:
        user: Who would own it.
        new_bytes: At least so many bytes.
        used: What they keep; None to ask for it.

    Raises:
        QuotaExceededError: It would exceed their quota of bytes or images; says which.
    """
    quota = quota_of(user)
    if quota:
        quota.check(usage(user) if used is None else used, new_bytes=new_bytes)
