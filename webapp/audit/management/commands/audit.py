"""`manage.py audit list|prune`: who deleted, hid, re-keyed, changed a shard, a user, a token."""

import json
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from webapp.audit.models import AuditEntry
from webapp.audit.services import audit_find, audit_prune
from webapp.core.numbers import whole_number

DAYS = "d"
MOST_DAYS = 36_500
MOST_LINES = 1_000_000


class Command(BaseCommand):
    """Shows the audit log."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare a verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="show what was done, newest first")
        listing.add_argument("--since", help="a date, a time, or days back, as 7d")
        listing.add_argument("--actor", default="", help="name of a user or account")
        listing.add_argument("--action", default="", help="as image.delete, or just image")
        listing.add_argument("--subject", default="", help="id or name of what was changed")
        listing.add_argument(
            "--limit",
            type=whole_number(1, MOST_LINES),
            default=100,
            help="most lines; default: 100",
        )
        listing.add_argument("--json", action="store_true", help="one JSON object per line")
        verbs.add_parser("prune", help="forget what is older than SHOEBOX_AUDIT_DAYS, now")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one verb."""
        getattr(self, f"_{options['verb']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        entries = audit_find(
            since=_moment(options["since"]) if options["since"] else None,
            actor=options["actor"],
            action=options["action"],
            subject=options["subject"],
        )
        write = _as_json if options["json"] else _as_line
        for entry in entries[: options["limit"]]:
            self.stdout.write(write(entry))

    def _prune(self, _options: dict[str, Any]) -> None:
        days = settings.SHOEBOX.audit_days
        self.stdout.write(f"{audit_prune(days=days)} entries older than {days} days forgotten.")


def _moment(text: str) -> datetime:
    try:
        if text.endswith(DAYS):
            days = whole_number(0, MOST_DAYS)(text.removesuffix(DAYS))
            return timezone.now() - timedelta(days=days)
        moment = parse_datetime(text)
        day = parse_date(text)
    except (ArgumentTypeError, ValueError) as error:
        raise CommandError(f"--since {text!r}: {error}.") from None
    if moment is None and day is not None:
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if moment is None:
        raise CommandError(f"--since {text!r} is no date, no time, and no days back as 7d.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _as_line(entry: AuditEntry) -> str:
    who = f"{entry.actor or '-'} ({entry.via or entry.actor_kind})"
    details = json.dumps(entry.details) if entry.details else ""
    words = [f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.action, entry.subject, "by", who]
    return " ".join([*words, *filter(None, [entry.address, details])])


def _as_json(entry: AuditEntry) -> str:
    return json.dumps(
        {
            "at": entry.at.isoformat(),
            "action": entry.action,
            "subject": entry.subject,
            "actor": entry.actor,
            "actor_kind": entry.actor_kind,
            "actor_id": str(entry.actor_id) if entry.actor_id else None,
            "via": entry.via,
            "address": entry.address,
            "details": entry.details,
        }
    )
