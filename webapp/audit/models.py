"""What was done, by whom."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from webapp.audit.actions import Action
from webapp.audit.actor import ActorKind

LONGEST_NAME = 150
LONGEST_SUBJECT = 200


class AuditEntry(models.Model):
    """One thing somebody did. Names, not rows: it outlives whom and what it names."""

    at = models.DateTimeField(default=timezone.now)
    actor_kind = models.CharField(
        max_length=10, choices=[(kind.value, kind.value) for kind in ActorKind]
    )
    actor = models.CharField(max_length=LONGEST_NAME, blank=True, help_text="User or account.")
    actor_id = models.UUIDField(null=True, blank=True, help_text="Of the user.")
    via = models.CharField(max_length=100, blank=True, help_text="Token or command.")
    action = models.CharField(
        max_length=32, choices=[(action.value, action.value) for action in Action]
    )
    subject = models.CharField(max_length=LONGEST_SUBJECT, help_text="What it was done to.")
    details = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        verbose_name_plural = "audit entries"
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["actor", "-at"], name="audit_actor"),
            models.Index(fields=["subject", "-at"], name="audit_subject"),
            models.Index(fields=["action", "-at"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
