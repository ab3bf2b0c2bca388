"""Imports: one row each. The row is the memory; a message only says that it may be time."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from webapp.core.ids import ID_LENGTH, Kind

if TYPE_CHECKING:
    from webapp.accounts.models import User

URL_LENGTH = 2000
REASON_LENGTH = 300
KEY_LENGTH = 255
POOL_LENGTH = 32


class ImportState(models.TextChoices):
    """Where an import is on its way."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ImportQuerySet(models.QuerySet["Import"]):
    """Questions about imports."""

    def unfinished(self) -> "ImportQuerySet":
        """Return what is still to be done."""
        return self.filter(state__in=[ImportState.WAITING, ImportState.RUNNING])

    def beginnable(self, now: datetime) -> "ImportQuerySet":
        """Return what nobody is at, nor was a moment ago."""
        return self.unfinished().filter(not_before__lte=now)

    def due(self, now: datetime) -> "ImportQuerySet":
        """Return what the sweep should queue again."""
        return self.filter(due_at__lte=now)


class Import(models.Model):
    """A picture that is to be fetched from a link."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner: "models.ForeignKey[User, User]" = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="imports"
    )
    url = models.CharField(max_length=URL_LENGTH)
    title = models.CharField(max_length=255, blank=True)
    album = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=1, default=Kind.PUBLIC.value)
    pool = models.CharField(
        max_length=POOL_LENGTH, blank=True, help_text="Where it goes; empty: where its owner's do."
    )
    idempotency_key = models.CharField(
        max_length=KEY_LENGTH,
        null=True,
        blank=True,
        help_text="The client's; empty: it sent none.",
    )

    state = models.CharField(
        max_length=10, choices=ImportState.choices, default=ImportState.WAITING
    )
    code = models.CharField(max_length=40, blank=True, help_text="Of the last problem.")
    reason = models.CharField(
        max_length=REASON_LENGTH, blank=True, help_text="The last problem in a sentence."
    )
    image_id = models.CharField(max_length=ID_LENGTH, blank=True)
    duplicate = models.BooleanField(default=False, help_text="Its owner had this picture before.")

    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(
        help_text="Until then somebody is at it, or it failed a moment ago."
    )
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="When the sweep queues it again; empty: it has ended."
    )
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "idempotency_key"], name="import_key")
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="import_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["ended_at"], name="import_ended", condition=Q(ended_at__isnull=False)
            ),
            models.Index(
                fields=["owner"],
                name="import_unfinished",
                condition=Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.id} ({self.state})"
