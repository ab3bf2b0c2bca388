"""`manage.py deadletters list|retry|drop`: messages RabbitMQ put aside as delivered too often.

Nothing depends on them: the index knows what should be true. `retry` lets the index decide: the
image, import or event is due at once with its attempts reset, and the message goes only after
that. `drop` just removes it. On Valkey there are none; what stands instead is said.
"""

from argparse import ArgumentParser
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.core.errors import ShoeboxError
from webapp.core.numbers import whole_number
from webapp.outbox.dead_letters import (
    LIMIT,
    NO_RABBITMQ,
    DeadLetter,
    Selection,
    Walk,
    has_dead_letters,
    letters_walk,
)
from webapp.outbox.retries import letter_retry

MOST_LISTED = 1_000_000
HEADING = (
    f"{'message':<38}{'task':<24}{'about':<38}{'queue':<14}{'reason':<16}{'deaths':>6}"
    f"  {'first':<21}last"
)


class Command(BaseCommand):
    """Lists, retries and drops dead letters."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare a verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        _selection(verbs.add_parser("list", help="show them, oldest first"))
        _selection(verbs.add_parser("retry", help="let the index decide, then remove them"))
        drop = verbs.add_parser("drop", help="remove them")
        _selection(drop)
        drop.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one verb."""
        if options["verb"] == "list" and not has_dead_letters(settings.SHOEBOX.broker_url):
            self.stdout.write(NO_RABBITMQ)
            return
        selection = Selection(
            ids=frozenset(options["ids"]), queue=options["queue"], limit=options["limit"]
        )
        try:
            getattr(self, f"_{options['verb']}")(selection, options)
        except ShoeboxError as error:
            raise CommandError(error.detail) from None

    def _list(self, selection: Selection, _options: dict[str, Any]) -> None:
        self.stdout.write(HEADING)
        self._count(_walk(selection, self._show))

    def _show(self, letter: DeadLetter) -> bool:
        self.stdout.write(letter_line(letter))
        return False

    def _retry(self, selection: Selection, _options: dict[str, Any]) -> None:
        walk = _walk(selection, self._retry_one)
        self.stdout.write(f"{walk.removed} retried, {walk.met.total() - walk.removed} stay.")
        if walk.removed < walk.met.total():
            raise CommandError("Some were not retried; they are where they were.")

    def _retry_one(self, letter: DeadLetter) -> bool:
        try:
            found = letter_retry(letter)
        except ShoeboxError as error:
            self.stderr.write(f"{letter.id} {letter.task} {letter.subject}: {error.detail}")
            return False
        self.stdout.write(f"{letter.id} {letter.task} {letter.subject}: {found}")
        return True

    def _drop(self, selection: Selection, options: dict[str, Any]) -> None:
        if not options["yes"]:
            shown = _walk(selection, self._show)
            self._count(shown)
            # The oldest come first: what died meanwhile is not among as many.
            selection = replace(selection, limit=shown.met.total())
            if input("Remove these for good? [y/N] ").strip().lower() not in {"y", "yes"}:
                raise CommandError("Nothing was removed.")
        self.stdout.write(f"{_walk(selection, lambda _letter: True).removed} removed.")

    def _count(self, walk: Walk) -> None:
        queues = "".join(f", {name or 'unknown'} {n}" for name, n in sorted(walk.met.items()))
        self.stdout.write(f"{walk.met.total()} shown of {walk.total}{queues}.")


def _selection(parser: ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="of a message or image; default: all")
    parser.add_argument("--queue", default="", help="only what died on this queue")
    number = whole_number(1, MOST_LISTED)
    parser.add_argument("--limit", type=number, default=LIMIT, metavar="N", help="most of them")


def _walk(selection: Selection, done: Any) -> Walk:
    return letters_walk(broker_url=settings.SHOEBOX.broker_url, selection=selection, done=done)


def letter_line(letter: DeadLetter) -> str:
    """Return a dead letter as one line of the list."""
    return (
        f"{letter.id:<38}{letter.task:<24}{letter.subject:<38}{letter.queue:<14}"
        f"{letter.reason:<16}{letter.deaths:>6}  {_moment(letter.first_at):<21}"
        f"{_moment(letter.last_at)}"
    )


def _moment(at: datetime | None) -> str:
    return f"{at:%F %T}" if at else "-"
