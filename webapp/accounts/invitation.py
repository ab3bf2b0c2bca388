"""Invitations: how somebody gets an account, or back into theirs."""

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from webapp.accounts.models import User


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Questions about invitations."""

    def waiting(self) -> "InvitationQuerySet":
        """Return invitations that can be accepted now."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A link that works once. Its secret is shown once and kept as a hash."""

    email = models.EmailField(blank=True, help_text="Whom it is for; nothing is sent.")
    user: "models.ForeignKey[User | None, User | None]" = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="invitations",
        help_text="Who gets back in and sets a new password; empty: somebody new.",
    )
    pool = models.CharField(max_length=32, default="default")
    hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.email or (self.user.username if self.user else f"invitation {self.pk}")

    @property
    def state(self) -> str:
        """What became of it, in a word."""
        if self.accepted_at is not None:
            return "accepted"
        if self.revoked_at is not None:
            return "revoked"
        return "waiting" if self.expires_at > timezone.now() else "over"
