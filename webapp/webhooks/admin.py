"""Webhooks and the log of what they were sent. They are added by `manage.py webhook`."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from webapp.outbox.admin_base import ReadOnlyAdmin, act_on_all, labelled
from webapp.webhooks.deliveries import delivery_again
from webapp.webhooks.models import DeliveryState, Webhook, WebhookDelivery
from webapp.webhooks.services import webhook_set_active

STATE_LABELS = {
    DeliveryState.WAITING.value: "info",
    DeliveryState.DELIVERED.value: "success",
    DeliveryState.DEAD.value: "danger",
}


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Webhooks, without their secrets."""

    list_display = ("id", "url", "owner", "events", "active", "created_at")
    list_filter = ("active",)
    list_select_related = ("owner",)
    search_fields = ("url", "=owner__username")
    exclude = ("secret",)
    actions = ("pause", "go_on")

    @admin.action(description="Pause: send nothing, note nothing new", permissions=["operate"])
    def pause(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        """Let what is due wait; events of the time between are not told."""
        _set_active(request, rows, active=False)

    @admin.action(description="Go on: send what waits", permissions=["operate"])
    def go_on(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        """Send again."""
        _set_active(request, rows, active=True)


def _set_active(request: HttpRequest, rows: QuerySet[Webhook], *, active: bool) -> None:
    act_on_all(
        request,
        rows,
        lambda webhook: webhook_set_active(webhook=webhook, active=active),
        "active" if active else "paused",
    )


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """Deliveries. Those that ended stay for 30 days."""

    list_display = (
        "id",
        "event",
        "image_id",
        "state_label",
        "attempts",
        "last_status",
        "last_error",
        "due_at",
        "ended_at",
        "webhook",
    )
    list_filter = ("state", "event")
    list_select_related = ("webhook",)
    search_fields = ("=image_id",)
    actions = ("again",)

    @labelled(STATE_LABELS)
    @admin.display(description="state", ordering="state")
    def state_label(self, delivery: WebhookDelivery) -> str:
        """Show its state."""
        return delivery.state

    @admin.action(description="Deliver again, now", permissions=["operate"])
    def again(self, request: HttpRequest, rows: QuerySet[WebhookDelivery]) -> None:
        """Send them again, with all their attempts before them."""
        act_on_all(
            request, rows, lambda row: delivery_again(delivery=row), "will be delivered again"
        )
