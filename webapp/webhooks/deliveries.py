"""Deliveries: claiming what is due, and noting what came of it."""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from webapp.images.models import Image
from webapp.images.representation import image_json
from webapp.webhooks.backoff import retry_delay
from webapp.webhooks.models import (
    ERROR_LENGTH,
    DeliveryState,
    WebhookDelivery,
    WebhookDeliveryQuerySet,
)
from webapp.webhooks.posting import Answer
from webapp.webhooks.signing import (
    DELIVERY_HEADER,
    EVENT_HEADER,
    SIGNATURE_HEADER,
    signature_make,
)

LEASE = timedelta(seconds=60)
"""After this long a claimed delivery nobody has ended is due again; longer than any attempt."""
LOG_KEPT = timedelta(days=30)
_CANDIDATES = 10
_FORGET_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What is sent."""

    url: str
    body: bytes
    headers: dict[str, str]


def delivery_claim(*, busy: Collection[int], now: datetime) -> WebhookDelivery | None:
    """Claim one due delivery, counting the attempt; None when there is none to be had.

    Any number of processes may claim; each delivery is given to one of them, until its lease
    is over.

    Args:
        busy: Ids of webhooks that have enough under way.
        now: The time.
    """
    due = WebhookDelivery.objects.due(now).exclude(webhook_id__in=list(busy))
    for delivery in due.select_related("webhook")[:_CANDIDATES]:
        if _claim(delivery, due_at=now + LEASE):
            return delivery
    return None


def _claim(delivery: WebhookDelivery, *, due_at: datetime) -> bool:
    seen = _still(delivery).filter(due_at=delivery.due_at)
    claimed = seen.update(due_at=due_at, attempts=F("attempts") + 1)
    delivery.attempts += 1
    return claimed == 1


def parcel_make(*, delivery: WebhookDelivery) -> Parcel:
    """Return what is sent: the event, and the image as it is now, signed.

    The image is told as to a stranger: its owner chose who is told, not who may have originals
    that still hold their location.
    """
    image = Image.objects.select_related("owner").filter(id=delivery.image_id).first()
    told: dict[str, Any] = {"id": delivery.image_id}
    if image is not None:
        told = image_json(image, viewer=None)
    content = {"event": delivery.event, "at": delivery.happened_at.isoformat(), "image": told}
    body = json.dumps(content, separators=(",", ":")).encode()
    secret = delivery.webhook.secret
    return Parcel(
        url=delivery.webhook.url,
        body=body,
        headers={
            "Content-Type": "application/json",
            "User-Agent": "Shoebox",
            EVENT_HEADER: delivery.event,
            DELIVERY_HEADER: str(delivery.pk),
            SIGNATURE_HEADER: signature_make(secret=secret, at=int(time.time()), body=body),
        },
    )


def delivery_note(*, delivery: WebhookDelivery, answer: Answer) -> DeliveryState:
    """Note what came of an attempt: delivered, waiting for the next one, or dead."""
    now = timezone.now()
    state = _state_after(delivery, answer)
    shoebox = settings.SHOEBOX
    delay = retry_delay(attempts=delivery.attempts, first_seconds=shoebox.webhook_backoff_seconds)
    _still(delivery).update(
        state=state,
        last_status=answer.status,
        last_error=answer.error[:ERROR_LENGTH],
        due_at=now + delay if state == DeliveryState.WAITING else now,
        ended_at=None if state == DeliveryState.WAITING else now,
    )
    return state


def _state_after(delivery: WebhookDelivery, answer: Answer) -> DeliveryState:
    if answer.arrived:
        return DeliveryState.DELIVERED
    if delivery.attempts >= settings.SHOEBOX.webhook_attempts:
        return DeliveryState.DEAD
    return DeliveryState.WAITING


def delivery_again(*, delivery: WebhookDelivery) -> None:
    """Send a delivery again at once, with all its attempts before it."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.WAITING, attempts=0, due_at=timezone.now(), ended_at=None
    )


def deliveries_forget(*, now: datetime) -> int:
    """Remove some of what ended more than ``LOG_KEPT`` ago; return how many."""
    old = WebhookDelivery.objects.filter(ended_at__lt=now - LOG_KEPT).order_by("ended_at")
    ids = list(old.values_list("pk", flat=True)[:_FORGET_BATCH])
    WebhookDelivery.objects.filter(pk__in=ids).delete()
    return len(ids)


def _still(delivery: WebhookDelivery) -> WebhookDeliveryQuerySet:
    """Return the row while it is as it was read or claimed: nobody else has counted since."""
    return WebhookDelivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.WAITING, attempts=delivery.attempts
    )
