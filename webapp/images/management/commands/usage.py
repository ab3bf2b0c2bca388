"""``manage.py usage``: whether what owners keep is counted right."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from webapp.core.quota import Usage
from webapp.images.services import usage_recount


class Command(BaseCommand):
    """Count every owner's images anew. Uploads wait only of owners whose count is wrong."""

    help = "Count every owner's images anew and tell whose count was wrong; a dry run."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ``--apply``."""
        parser.add_argument("--apply", action="store_true", help="Set the counts right.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Recount."""
        drifts = usage_recount(apply=options["apply"])
        for drift in drifts:
            told = f"{drift.owner}: counted {_words(drift.counted)}, keeps {_words(drift.true)}"
            self.stdout.write(told)
        if not drifts:
            self.stdout.write("Every count is right.")
        elif not options["apply"]:
            self.stdout.write("Nothing was changed; --apply sets them right.")


def _words(usage: Usage) -> str:
    return f"{usage.images} images of {usage.bytes} bytes"
