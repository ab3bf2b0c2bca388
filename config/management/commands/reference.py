"""`manage.py reference --write|--check`: the pages below docs/reference, made from the code."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.reference import reference_pages


class Command(BaseCommand):
    """Writes the reference, or says which pages are stale."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the two modes."""
        mode = parser.add_mutually_exclusive_group(required=True)
        mode.add_argument("--write", action="store_true", help="write what differs")
        mode.add_argument("--check", action="store_true", help="fail when a page is stale")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare, and write when asked to."""
        folder = settings.BASE_DIR / "docs" / "reference"
        stale = {
            name: page.text
            for name, page in reference_pages().items()
            if _differs(folder / name, page.text)
        }
        if options["check"] and stale:
            raise CommandError(f"Stale: {', '.join(stale)}. Run `manage.py reference --write`.")
        for name, text in stale.items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
            self.stdout.write(f"wrote docs/reference/{name}")


def _differs(path: Path, text: str) -> bool:
    return not path.is_file() or path.read_text(encoding="utf-8") != text
