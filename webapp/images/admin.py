"""Images of everybody, and what readers must not serve."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from webapp.core.ids import Kind
from webapp.images.models import Image, ImageState, JournalEntry
from webapp.images.representation import links_of
from webapp.images.services import image_delete, image_restore, image_retry
from webapp.outbox.admin_base import ReadOnlyAdmin, act_on_all, labelled

LONGEST_NAME = 60
STATE_LABELS = {
    ImageState.STORED.value: "info",
    ImageState.READY.value: "success",
    ImageState.FAILED.value: "danger",
    ImageState.REJECTED.value: "danger",
    ImageState.DELETED.value: "warning",
}


class KindFilter(admin.SimpleListFilter):
    """By the first character of the id."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, *_args: Any, **_kwargs: Any) -> list[tuple[str, str]]:
        """Offer both kinds."""
        return [(kind.value, kind.name.lower()) for kind in Kind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> QuerySet[Image]:  # noqa: ARG002 - Django's signature
        """Keep images of the kind."""
        kind = self.value()
        return queryset.filter(id__startswith=kind) if kind else queryset


@admin.register(Image)
class ImageAdmin(ReadOnlyAdmin):
    """Images. Everything that changes one goes through a service, so fields are to look at."""

    list_display = (
        "thumbnail",
        "name",
        "state_label",
        "owner",
        "pool",
        "size",
        "copies",
        "created_at",
    )
    list_display_links = ("thumbnail", "name")
    list_filter = ("state", KindFilter, "pool")
    list_select_related = ("owner",)
    list_per_page = 50
    search_fields = ("=id", "title", "filename", "=owner__username", "=digest")
    actions = ("retry", "delete", "restore")

    @admin.display(description="")
    def thumbnail(self, image: Image) -> SafeString:
        """Show its thumbnail; a mark where there is none."""
        if image.state != ImageState.READY:
            return format_html("{}", "—")
        links = links_of(image, viewer=None)["renditions"]["thumb"]
        return format_html(
            '<img src="{}" width="48" height="48" alt="" loading="lazy" class="rounded">',
            links["webp"],
        )

    @admin.display(description="image", ordering="title")
    def name(self, image: Image) -> str:
        """Show what people call it; a long name would push all else out of sight."""
        return Truncator(image.title or image.filename or image.id).chars(LONGEST_NAME)

    @labelled(STATE_LABELS)
    @admin.display(description="state", ordering="state")
    def state_label(self, image: Image) -> str:
        """Show its state."""
        return image.state

    @admin.display(description="size", ordering="bytes")
    def size(self, image: Image) -> str:
        """Show its bytes for people."""
        return filesizeformat(image.bytes)

    @admin.display(description="copies")
    def copies(self, image: Image) -> int:
        """Show how many copies the index knows of."""
        return len(image.replicas)

    def view_on_site(self, image: Image) -> str:
        """Return the page that people see."""
        return reverse("image", args=[image.id])

    @admin.action(description="Try again to prepare them", permissions=["operate"])
    def retry(self, request: HttpRequest, rows: QuerySet[Image]) -> None:
        """Make renditions of failed and rejected images again."""
        act_on_all(request, rows, lambda image: image_retry(image=image), "queued again")

    @admin.action(description="Delete, restorable for 30 days", permissions=["operate"])
    def delete(self, request: HttpRequest, rows: QuerySet[Image]) -> None:
        """Delete images."""
        act_on_all(request, rows, lambda image: image_delete(image=image), "deleted")

    @admin.action(description="Restore deleted ones", permissions=["operate"])
    def restore(self, request: HttpRequest, rows: QuerySet[Image]) -> None:
        """Undo deletions."""
        act_on_all(request, rows, lambda image: image_restore(image=image), "restored")


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    """Deletes that not every position has confirmed yet."""

    list_display = ("image_id", "epoch", "revision", "created_at")
    search_fields = ("=image_id",)
    ordering = ("-created_at",)
