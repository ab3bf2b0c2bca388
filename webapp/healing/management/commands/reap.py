"""`manage.py reap`: erases deleted images past their date on every shard, and finishes erasures.

A dry run that says what there is, until `--apply`. What lies on shards without being in the
index is for `manage.py scrub --apply`, which adopts it, or says that it is nobody's. Nothing
is erased while this machine's clock and those of the stores are five minutes apart.
"""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.core.errors import ShoeboxError
from webapp.healing.adopt_journal import journal_take_over
from webapp.healing.progress import Progress, bytes_text
from webapp.healing.reap import BATCH, Reaped, reap, reap_plan


class Command(BaseCommand):
    """Erases what is past its date."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be done."""
        parser.add_argument("--apply", action="store_true", help="do it; else say what there is")
        parser.add_argument("--json", action="store_true", help="the counts for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say what there is, or do it in batches until nothing is left that can be done now."""
        try:
            done = self._all() if options["apply"] else reap_plan()
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done)))
            return
        began = "Erasure begun of" if options["apply"] else "To erase:"
        self.stdout.write(f"{began} {done.expired:,} images, {bytes_text(done.bytes)} a copy.")
        self.stdout.write(f"Confirmed everywhere: {done.finished:,}.")
        self.stdout.write(f"Waiting for shards to confirm: {done.unconfirmed:,}.")
        forgotten = "Forgotten" if options["apply"] else "To forget"
        self.stdout.write(f"{forgotten}: {done.forgotten:,}.")
        if options["apply"]:
            self.stdout.write(f"Removed from quarantine: {done.quarantined:,}.")
        else:
            self.stdout.write("--apply does it.")

    def _all(self) -> Reaped:
        journal_take_over()
        planned = reap_plan()
        total = planned.expired + planned.forgotten
        progress, sum_ = Progress("reap", total=total), Reaped()
        # Each batch goes on after the one before: after so many in vain, all had their turn.
        patience = (total + planned.unconfirmed) // BATCH + 1
        while True:
            now = reap()
            sum_.expired += now.expired
            sum_.bytes += now.bytes
            sum_.finished += now.finished
            sum_.forgotten += now.forgotten
            sum_.quarantined += now.quarantined
            sum_.unconfirmed = now.unconfirmed
            progress.advance(now.expired + now.forgotten, bytes_moved=now.bytes)
            patience -= not now.expired + now.forgotten + now.finished + now.quarantined
            if not patience:
                progress.close()
                return sum_
