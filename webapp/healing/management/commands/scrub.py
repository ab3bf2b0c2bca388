"""`manage.py scrub [--partition P | --shard S]`: every blob read again, hashed and compared.

Reports what is missing, corrupt, misplaced and so on with stable codes; heals it with `--apply`.
A scrub that was ended goes on where it was. While the database is away it reads the shards by
the signed topology and only reports. Exit status 0: all is well; 1: something is wrong; 2: some
shards did not answer.
"""

import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from webapp.core.errors import ShoeboxError
from webapp.core.numbers import whole_number
from webapp.healing.scrub_report import CLEAN, document, lines, status
from webapp.healing.scrub_run import Asked, keeper_make, plan_make, scrub_run
from webapp.healing.stepping_back import SteppingBack
from webapp.healing.throttle_options import MOST_PER_SECOND


class Command(SteppingBack):
    """Reads shards again and compares."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the scope, the pace and what may be done."""
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--partition", default="", metavar="P", help="three characters")
        scope.add_argument("--shard", default="", metavar="S", help="read this one only")
        parser.add_argument(
            "--bytes-per-second",
            type=whole_number(0, MOST_PER_SECOND),
            metavar="N",
            help="0 for no limit; default: SHOEBOX_SCRUB_BYTES_PER_SECOND",
        )
        parser.add_argument("--apply", action="store_true", help="heal what is found")
        parser.add_argument(
            "--no-uploads",
            action="store_true",
            help="nothing is being uploaded: adopt what is younger than a day, too",
        )
        parser.add_argument("--again", action="store_true", help="begin anew")
        parser.add_argument("--after", default="", metavar="P", help="begin behind a partition")
        parser.add_argument("--json", action="store_true", help="the report for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Scrub, print the report, and end with its status."""
        rate = options["bytes_per_second"]
        asked = Asked(
            partition=options["partition"],
            shard=options["shard"],
            bytes_per_second=settings.SHOEBOX.scrub_bytes_per_second if rate is None else rate,
            apply=options["apply"],
            uploads_run=not options["no_uploads"],
            again=options["again"],
            after=options["after"],
        )
        try:
            plan = plan_make(asked)
            keeper = keeper_make(plan, asked)
            if keeper.cursor and not options["json"]:
                self.stdout.write(f"Going on after partition {keeper.cursor}; --again begins anew.")
            scrub_run(plan, keeper)
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps(document(plan, keeper), indent=1))
        else:
            for line in lines(plan, keeper):
                self.stdout.write(line)
        if status(keeper) != CLEAN:
            sys.exit(status(keeper))
