"""Messages that wait to be published, to look at; and those the broker put aside."""

from django.contrib import admin
from django.urls import URLPattern, path

from webapp.outbox.admin_base import ReadOnlyAdmin
from webapp.outbox.dead_letters_admin import dead_letters_view
from webapp.outbox.models import OutboxMessage


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """A long list here means that the broker or the relay is down; uploads go on."""

    list_display = ("id", "task", "subject", "queue", "attempts", "created_at")
    list_filter = ("task", "queue")
    search_fields = ("=subject",)
    ordering = ("id",)

    def get_urls(self) -> list[URLPattern]:
        """Add the page of messages the broker put aside."""
        view = self.admin_site.admin_view(dead_letters_view)
        return [path("dead-letters/", view, name="outbox_dead_letters"), *super().get_urls()]
