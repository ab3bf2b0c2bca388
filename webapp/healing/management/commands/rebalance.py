"""`manage.py rebalance --from V --to W`: place the images of one version under a newer one.

Names stay. Readers look in the new place and then in the old one from the moment it begins,
for good; copies are made, verified, and the old ones removed 10 minutes later. A dry run that
says what would be copied, until `--apply`. It may be killed and run again.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from webapp.core.errors import ShoeboxError
from webapp.healing.moving_command import moved_lines, pace_arguments, pace_of, plan_lines
from webapp.healing.rebalance import rebalance_plan, rebalance_run
from webapp.healing.stepping_back import SteppingBack


class Command(SteppingBack):
    """Moves a version."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the two versions and the pace."""
        parser.add_argument(
            "--from", dest="old", type=int, required=True, metavar="V", help="version to move"
        )
        parser.add_argument(
            "--to", dest="new", type=int, required=True, metavar="W", help="where it is placed"
        )
        pace_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Plan, and move when asked to."""
        try:
            self._rebalance(options)
        except ShoeboxError as error:
            raise CommandError(error.detail) from None

    def _rebalance(self, options: dict[str, Any]) -> None:
        old, new = options["old"], options["new"]
        plan = rebalance_plan(old=old, new=new)
        for line in plan_lines(plan):
            self.stdout.write(line)
        if not options["apply"]:
            self.stdout.write("Nothing was changed; do it with --apply.")
            return
        pace = pace_of(f"rebalance {old} to {new}", options, total=plan.images)
        try:
            done = rebalance_run(old=old, new=new, pace=pace)
        finally:
            pace.progress.close()
        for line in moved_lines(done.moved):
            self.stdout.write(line)
        if not done.finished:
            raise CommandError(f"Version {old} is not moved to its end yet; run this again.")
        self.stdout.write(f"Version {old} lies where version {new} places it.")
