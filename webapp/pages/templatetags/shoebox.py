"""What our templates need beyond Django's own tags."""

from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.accounts.invitations import sign_up_is_open
from webapp.pages.gallery import Filters
from webapp.pages.icons import ICONS

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return one of our icons; it is decoration, so the text beside it must say what it means."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>',
        ICONS[name],
    )


@register.simple_tag
def may_sign_up() -> bool:
    """Return whether anybody may make an account."""
    return sign_up_is_open()


@register.simple_tag
def flower_url() -> str:
    """Return where the workers can be watched; empty when nobody told."""
    return str(settings.SHOEBOX.flower_url)


@register.simple_tag
def read_origin() -> str:
    """Return where pictures come from, so that a page can connect early."""
    parts = urlsplit(settings.SHOEBOX.read_url)
    return f"{parts.scheme}://{parts.netloc}"


@register.simple_tag
def max_upload_bytes() -> int:
    """Return the most bytes of one upload."""
    return int(settings.SHOEBOX.max_upload_bytes)


@register.simple_tag
def with_state(filters: Filters, state: str) -> str:
    """Return the address of the same gallery in another state."""
    query = Filters(filters.q, filters.album, state).query()
    return f"/?{query}" if query else "/"
