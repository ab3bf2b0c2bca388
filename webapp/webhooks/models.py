"""Webhooks, and one row per event that each of them has to be told."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from webapp.core.ids import ID_LENGTH
from webapp.outbox.message import MESSAGE_ID_LENGTH
from webapp.outbox.tasks import Event

if TYPE_CHECKING:
    from webapp.accounts.models import User

URL_LENGTH = 500
ERROR_LENGTH = 200


class Webhook(models.Model):
    """Where the events of one user's images go.

    The secret is kept as it is, because a signature cannot be made from a hash: who reads the
    index can sign as we do. They can do nothing else with it, here or at the receiver.
    """

    owner: "models.ForeignKey[User, User]" = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks"
    )
    url = models.CharField(max_length=URL_LENGTH)
    secret = models.CharField(max_length=64, editable=False)
    events = models.JSONField(default=list, help_text="Names of the events it is told.")
    active = models.BooleanField(default=True, help_text="If not, what is due waits.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"webhook {self.pk} ({self.url})"

    def wants(self, event: Event) -> bool:
        """Return whether it is told ``event``."""
        return event.value in self.events


class DeliveryState(models.TextChoices):
    """Where a delivery is on its way."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """Questions about deliveries."""

    def due(self, now: datetime) -> "WebhookDeliveryQuerySet":
        """Return what should be sent, the longest due first."""
        waiting = self.filter(state=DeliveryState.WAITING, due_at__lte=now, webhook__active=True)
        return waiting.order_by("due_at", "id")


class WebhookDelivery(models.Model):
    """One event for one webhook. The message id makes a message that comes twice one row."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=32)
    image_id = models.CharField(max_length=ID_LENGTH)
    message_id = models.CharField(max_length=MESSAGE_ID_LENGTH)
    happened_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(help_text="When it is sent, or sent again.")
    last_status = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Answer to the last attempt; empty: there was none."
    )
    last_error = models.CharField(max_length=ERROR_LENGTH, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When it arrived, or was given up."
    )

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["webhook", "message_id"], name="delivery_message")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"], name="delivery_due", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["ended_at"], name="delivery_ended", condition=Q(ended_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.image_id} for webhook {self.webhook_id}"
