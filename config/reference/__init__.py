"""The reference: pages made from the code, so that they cannot say anything else.

Written by ``manage.py reference --write``; ``tests/docs`` fail when a page is stale.
"""

from config.reference.commands import commands_page
from config.reference.errors import errors_page
from config.reference.findings import findings_page
from config.reference.metrics import metrics_page
from config.reference.settings import settings_page
from config.reference.values import Page


def reference_pages() -> dict[str, Page]:
    """Return every page by its file name below ``docs/reference``. Needs Django set up."""
    return {
        "settings.md": settings_page(),
        "commands.md": commands_page(),
        "errors.md": errors_page(),
        "findings.md": findings_page(),
        "metrics.md": metrics_page(),
    }
