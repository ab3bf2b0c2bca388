"""Messages that wait to be published, to look at."""

from django.contrib import admin

from webapp.outbox.admin_base import ReadOnlyAdmin
from webapp.outbox.models import OutboxMessage


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """A long list here means that the broker or the relay is down; uploads go on."""

    list_display = ("id", "task", "subject", "queue", "attempts", "created_at")
    list_filter = ("task", "queue")
    search_fields = ("=subject",)
    ordering = ("id",)
