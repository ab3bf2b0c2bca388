"""The audit log, to look at."""

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.audit.models import AuditEntry
from webapp.outbox.admin_base import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who deleted, hid, re-keyed, changed a shard, a user, a token. Nobody edits it here."""

    list_display = ("at", "action", "subject", "actor", "actor_kind", "via", "address", "brief")
    list_filter = ("action", "actor_kind")
    date_hierarchy = "at"
    search_fields = ("=subject", "=actor", "=address", "=via")
    list_per_page = 100

    @admin.display(description="details")
    def brief(self, entry: AuditEntry) -> SafeString:
        """Show what was changed."""
        return format_html("<code>{}</code>", json.dumps(entry.details) if entry.details else "")
