"""`manage.py token add|list|revoke`: what programs send as `Authorization: Bearer TOKEN`.

The secret is printed once, alone on standard output, and kept nowhere: only its hash is.
"""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from webapp.accounts.models import Scope, Token
from webapp.accounts.services import token_make, token_revoke, user_get
from webapp.core.errors import ShoeboxError
from webapp.core.numbers import whole_number

MOST_DAYS = 36_500
COLUMNS = "{:>5}  {:<16}{:<10}{:<26}{:<18}{}"


class Command(BaseCommand):
    """Makes, lists and revokes tokens."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare a verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        _add_arguments(verbs.add_parser("add", help="make a token and print its secret once"))
        listing = verbs.add_parser("list", help="show tokens, never their secrets")
        listing.add_argument("user", nargs="?", help="default: everybody's")
        revoke = verbs.add_parser("revoke", help="end a token at once")
        revoke.add_argument("id", type=int, help="as `token list` shows it")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one verb."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except ShoeboxError as error:
            raise CommandError(error.detail) from None

    def _add(self, options: dict[str, Any]) -> None:
        days = options["days"]
        token, secret = token_make(
            user=user_get(name=options["user"]),
            name=options["name"],
            scopes=[Scope(scope) for scope in options["scope"]],
            expires_at=timezone.now() + timedelta(days=days) if days else None,
            pool=options["pool"],
        )
        self.stderr.write(f"Token {token.pk}, {_until(token.expires_at)}. It is shown only now:")
        self.stdout.write(secret)

    def _list(self, options: dict[str, Any]) -> None:
        tokens = Token.objects.select_related("user").order_by("user__username", "-created_at")
        if options["user"]:
            tokens = tokens.filter(user=user_get(name=options["user"]))
        self.stdout.write(COLUMNS.format("ID", "USER", "BEGINS", "SCOPES", "USED", "NAME"))
        for token in tokens:
            self.stdout.write(_row(token))

    def _revoke(self, options: dict[str, Any]) -> None:
        token = token_revoke(token_id=options["id"])
        self.stdout.write(f"{token.name!r} of {token.user.username} does not work any more.")


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("user", help="whom it acts for")
    parser.add_argument("--name", required=True, help="what will use it")
    parser.add_argument(
        "--scope",
        action="append",
        required=True,
        choices=[scope.value for scope in Scope],
        help="what it allows; several times for several (admin: everything, staff only)",
    )
    parser.add_argument("--pool", default="", help="where its uploads go; default: the user's")
    parser.add_argument(
        "--days", type=whole_number(1, MOST_DAYS), help="how long it works; default: no end"
    )


def _row(token: Token) -> str:
    return COLUMNS.format(
        token.pk,
        token.user.username,
        token.hint,
        ",".join(token.scopes),
        _moment(token.last_used_at),
        f"{token.name} ({_until(token.expires_at)})",
    )


def _until(moment: datetime | None) -> str:
    return f"until {_moment(moment)}" if moment else "no end"


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "never"
