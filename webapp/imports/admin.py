"""Imports as an operator sees them: what was asked for, and what came of it."""

from django.contrib import admin

from webapp.imports.models import Import, ImportState
from webapp.outbox.admin_base import ReadOnlyAdmin, labelled

STATE_LABELS = {
    ImportState.WAITING.value: "info",
    ImportState.RUNNING.value: "info",
    ImportState.DONE.value: "success",
    ImportState.FAILED.value: "danger",
}


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """Imports. Those that ended stay for 30 days."""

    list_display = (
        "created_at",
        "url",
        "owner",
        "state_label",
        "attempts",
        "code",
        "reason",
        "image_id",
        "due_at",
        "ended_at",
    )
    list_filter = ("state", "code")
    list_select_related = ("owner",)
    search_fields = ("url", "=owner__username", "=image_id")

    @labelled(STATE_LABELS)
    @admin.display(description="state", ordering="state")
    def state_label(self, row: Import) -> str:
        """Show its state."""
        return row.state
