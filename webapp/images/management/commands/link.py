"""`manage.py link ID --width 640 --height 480`: a signed link to a size that no preset has."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.core.errors import ShoeboxError
from webapp.core.ids import id_parse
from webapp.core.numbers import whole_number
from webapp.core.on_demand import FIT, MODES, MOST_LINK_SECONDS, size_make
from webapp.core.presets import RENDITION_TYPES
from webapp.images.representation import link_maker


class Command(BaseCommand):
    """Signs a link. The image need not be in the index: the name says where it is."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the id and the size."""
        parser.add_argument("id", help="24 characters")
        parser.add_argument("--width", type=int, help="Pixels.")
        parser.add_argument("--height", type=int, help="Pixels.")
        parser.add_argument("--mode", choices=MODES, default=FIT, help="Whole, or cut to both.")
        parser.add_argument(
            "--format", choices=[*RENDITION_TYPES], default="webp", help="Of the picture."
        )
        parser.add_argument(
            "--seconds",
            type=whole_number(1, MOST_LINK_SECONDS),
            default=0,
            help="How long it is good; else as the settings say.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the link, and when it ends on standard error."""
        try:
            image_id = id_parse(options["id"])
            size = size_make(width=options["width"], height=options["height"], mode=options["mode"])
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        maker = link_maker(seconds=options["seconds"])
        self.stdout.write(maker.on_demand(str(image_id), size, options["format"]))
        self.stderr.write(f"until {datetime.fromtimestamp(maker.exp, UTC).isoformat()}")
