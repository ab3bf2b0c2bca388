"""`manage.py repair ID | --partition P | --shard S | --all`: verified copies at home again.

A dry run that says what is wrong, until `--apply`. A bad copy goes to quarantine and is
replaced from a good one; a shard that does not answer is left alone. With `--shard` that shard
is looked at closely and the others are taken at the index's word; otherwise every copy is read.
A run that was ended goes on where it was. Exit status 0: everything is whole.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from webapp.core.errors import ShoeboxError
from webapp.core.numbers import whole_number
from webapp.healing.progress import Progress, bytes_text
from webapp.healing.repair import Summary, repair_run, run_find
from webapp.healing.repair_queue import repair_queue
from webapp.healing.repair_scope import Scope, scope_check, scope_rows
from webapp.healing.stepping_back import SteppingBack
from webapp.healing.throttle_options import throttle_arguments, throttle_of
from webapp.images.services.mend import MEANINGS, Code

PARALLEL = 4
MOST_PARALLEL = 64


class Command(SteppingBack):
    """Repairs images."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the scope and the pace."""
        scope = parser.add_mutually_exclusive_group(required=True)
        scope.add_argument("id", nargs="?", default="", metavar="ID", help="one image")
        scope.add_argument("--partition", default="", metavar="P", help="three characters")
        scope.add_argument("--shard", default="", metavar="S", help="what it should hold")
        scope.add_argument("--all", action="store_true", help="every image")
        parser.add_argument("--apply", action="store_true", help="do it; else say what is wrong")
        parser.add_argument(
            "--queue", action="store_true", help="let workers do it, a partition per task"
        )
        throttle_arguments(parser)
        parser.add_argument(
            "--parallel",
            type=whole_number(1, MOST_PARALLEL),
            default=PARALLEL,
            metavar="N",
            help="images at a time",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Repair, and say what was found and done."""
        scope = Scope(options["id"] or "", options["partition"], options["shard"])
        try:
            scope_check(scope)
            if options["queue"]:
                self._queue(scope, apply=options["apply"])
                return
            summary = self._run(scope, options)
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        self._report(summary, apply=options["apply"])

    def _queue(self, scope: Scope, *, apply: bool) -> None:
        if not apply:
            raise CommandError("Workers only repair; without --queue it is a dry run.")
        self.stdout.write(f"{repair_queue(scope=scope)} partitions queued.")

    def _run(self, scope: Scope, options: dict[str, Any]) -> Summary:
        run = run_find(scope) if options["apply"] else None
        if run is not None:
            self.stdout.write(f"Going on after {run.cursor}, begun {run.started_at:%F %T} UTC.")
        rows = scope_rows(scope).filter(id__gt=run.cursor if run else "")
        progress = Progress(f"repair {scope}", total=rows.count())
        try:
            return repair_run(
                scope=scope,
                apply=options["apply"],
                throttle=throttle_of(options),
                progress=progress,
                parallel=options["parallel"],
            )
        finally:
            progress.close()

    def _report(self, summary: Summary, *, apply: bool) -> None:
        for code, count in sorted(summary.codes.items()):
            self.stdout.write(f"{code:<16}{count:>10,}  {MEANINGS[Code(code)]}")
        moved = f", {bytes_text(summary.bytes_moved)} written" if apply else ""
        self.stdout.write(f"{summary.images:,} images looked at{moved}.")
        if summary.short:
            ending = "are not whole yet" if apply else "are not whole; --apply repairs them"
            raise CommandError(f"{summary.short:,} images {ending}.")
        self.stdout.write("Everything is whole.")
