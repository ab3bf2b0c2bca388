"""`manage.py renditions backfill`: ready images get the renditions of presets added after them.

A dry run that says what is missing, until `--apply`. Workers make it behind every fresh upload,
never more than `--depth` images at a time; a run that was ended goes on where it was. What is
there is never written again: a changed recipe is a new preset name.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.core.errors import ShoeboxError
from webapp.core.numbers import whole_number
from webapp.healing.backfill import DEPTH, Backfilled, backfill_plan, backfill_run
from webapp.healing.progress import Progress

SHOWN = 20
MOST_DEPTH = 1_000_000


class Command(BaseCommand):
    """Looks after renditions."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        backfill = verbs.add_parser("backfill", help="make what ready images lack")
        backfill.add_argument("--preset", default="", metavar="P", help="only what lacks this one")
        backfill.add_argument("--apply", action="store_true", help="else say what is missing")
        backfill.add_argument(
            "--depth",
            type=whole_number(1, MOST_DEPTH),
            default=DEPTH,
            metavar="N",
            help="most images under way at a time",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say what is missing, and have it made."""
        try:
            images, lacking = backfill_plan(preset=options["preset"])
            for name, count in sorted(lacking.items()):
                self.stdout.write(f"{name:<16}{count:>10,} images lack it")
            if images and not options["apply"]:
                self.stdout.write(f"{images:,} images lack something; --apply makes it.")
            elif options["apply"]:
                self._apply(images, options)
            else:
                self.stdout.write("Nothing is missing.")
        except ShoeboxError as error:
            raise CommandError(error.detail) from None

    def _apply(self, images: int, options: dict[str, Any]) -> None:
        progress = Progress("backfill", total=images)
        try:
            done = backfill_run(preset=options["preset"], depth=options["depth"], progress=progress)
        finally:
            progress.close()
        self._report(done)

    def _report(self, done: Backfilled) -> None:
        self.stdout.write(f"{done.made:,} images have everything now.")
        for image_id in done.given_up[:SHOWN]:
            self.stdout.write(f"{image_id} cannot be made; the workers' log says why")
        if done.given_up:
            raise CommandError(f"{len(done.given_up):,} images still lack something.")
