"""How the admin looks: our name, mark and colour, and the ways out of it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

MARK = "pages/favicon.svg"


def mark(_request: HttpRequest) -> str:
    """Return where our mark is."""
    return static(MARK)


def ways_out(_request: HttpRequest) -> list[dict[str, str]]:
    """Return where else people may want to go; Flower only where it is known."""
    flower = settings.SHOEBOX.flower_url
    ways = [
        {"icon": "image", "title": "Pictures", "link": "/"},
        {"icon": "code", "title": "API", "link": "/api/v1/docs"},
        {"icon": "mail", "title": "Dead letters", "link": reverse("admin:outbox_dead_letters")},
    ]
    if flower:
        ways.append({"icon": "monitoring", "title": "Workers (Flower)", "link": flower})
    return ways


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Shoebox",
    "SITE_HEADER": "Shoebox",
    "SITE_SUBHEADER": "Admin",
    "SITE_ICON": mark,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": mark}],
    "SITE_DROPDOWN": ways_out,
    "SHOW_BACK_BUTTON": True,
    "COLORS": {
        "primary": {
            "50": "oklch(97.6% .014 55)",
            "100": "oklch(94.8% .034 53)",
            "200": "oklch(89.6% .067 51)",
            "300": "oklch(82.6% .105 49)",
            "400": "oklch(75.4% .135 47)",
            "500": "oklch(66.6% .160 44)",
            "600": "oklch(56.6% .157 41)",
            "700": "oklch(49.2% .137 40)",
            "800": "oklch(42.0% .114 39)",
            "900": "oklch(36.0% .093 38)",
            "950": "oklch(26.5% .066 37)",
        },
    },
}
