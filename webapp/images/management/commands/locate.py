"""`manage.py locate ID`: where an image should be, and where it is.

Works from the name alone: the image need not be in the index.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.core.errors import ShoeboxError
from webapp.core.ids import id_parse
from webapp.images.positions import positions_look


class Command(BaseCommand):
    """Shows the positions of an image and what lies on each."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the id."""
        parser.add_argument("id", help="24 characters")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print a line per position, best first."""
        try:
            looks = positions_look(id_parse(options["id"]))
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        self.stdout.write(f"{'SHARD':<16}{'ZONE':<10}{'STATE':<11}{'ROLE':<10}FOUND")
        for look in looks:
            found = "unreachable" if look.blobs is None else ", ".join(look.blobs) or "nothing"
            self.stdout.write(
                f"{look.shard:<16}{look.zone:<10}{look.state:<11}{look.role:<10}{found}"
            )
