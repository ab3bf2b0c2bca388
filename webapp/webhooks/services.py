"""Webhooks: adding and removing them, and turning events into deliveries."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.core.errors import AddressRefusedError, MalformedRequestError, NotFoundError
from webapp.outbox.message import EventMessage
from webapp.outbox.tasks import Event
from webapp.outside.address import url_check
from webapp.webhooks.models import URL_LENGTH, Webhook, WebhookDelivery
from webapp.webhooks.signing import secret_make


def webhook_add(*, owner: User, url: str, events: Collection[Event]) -> Webhook:
    """Tell ``url`` what happens to the images of ``owner`` from now on.

    Its secret is on the row; show it now and never again.

    Args:
        owner: Whose images.
        url: http or https; where it leads is checked at every delivery, not here.
        events: Empty: all of them.

    Raises:
        MalformedRequestError: The URL is none that a webhook may have.
    """
    try:
        url_check(url)
    except AddressRefusedError as error:
        raise MalformedRequestError(error.detail) from None
    if len(url) > URL_LENGTH:
        raise MalformedRequestError(f"The URL has {len(url)} characters of at most {URL_LENGTH}.")
    names = [event.value for event in Event if event in (events or Event)]
    return Webhook.objects.create(owner=owner, url=url, events=names, secret=secret_make())


def webhook_remove(*, webhook_id: int) -> Webhook:
    """Remove a webhook with everything it had still to be told.

    Raises:
        NotFoundError: There is none.
    """
    webhook = Webhook.objects.filter(pk=webhook_id).first()
    if webhook is None:
        raise NotFoundError(f"There is no webhook {webhook_id}.")
    Webhook.objects.filter(pk=webhook_id).delete()
    return webhook


def deliveries_make(*, message: EventMessage) -> int:
    """Make a delivery for every webhook that wants the event; return for how many.

    Twice is once: the same message makes no second delivery. Committed when this returns.
    """
    active = Webhook.objects.filter(active=True, owner__is_active=True)
    owned = active.filter(owner__images__id=message.image_id)
    wanting = [webhook for webhook in owned if webhook.wants(message.event)]
    now = timezone.now()
    with transaction.atomic():
        WebhookDelivery.objects.bulk_create(
            (
                WebhookDelivery(
                    webhook=webhook,
                    event=message.event.value,
                    image_id=message.image_id,
                    message_id=message.message_id,
                    happened_at=message.at,
                    due_at=now,
                )
                for webhook in wanting
            ),
            ignore_conflicts=True,
        )
    return len(wanting)


def webhook_set_active(*, webhook: Webhook, active: bool) -> None:
    """Pause a webhook or let it go on; a paused one is told nothing of the time between."""
    Webhook.objects.filter(pk=webhook.pk).update(active=active)
