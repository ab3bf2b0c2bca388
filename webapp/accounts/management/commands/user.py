"""`manage.py user add|invite`: make somebody who may sign in, or let them do it themselves.

`add` asks for the password, or reads it as one line from standard input. Without a password
they cannot sign in, but tokens made for them work: good for programs. `invite` prints a link
that works once; nothing is sent.
"""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts.invitations import invitation_create, invitation_link
from webapp.accounts.services import user_get, user_make
from webapp.cluster.services import DEFAULT_POOL
from webapp.core.errors import ShoeboxError
from webapp.core.numbers import whole_number

MOST_DAYS = 3_650


class Command(BaseCommand):
    """Makes and invites users."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare a verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="make a user")
        add.add_argument("name", help="what they sign in with")
        add.add_argument("--email", default="", help="where to write to them")
        add.add_argument("--staff", action="store_true", help="uses the admin, sees all images")
        add.add_argument("--superuser", action="store_true", help="may do everything there")
        add.add_argument("--pool", default=DEFAULT_POOL, help="shards their images go to")
        password = add.add_mutually_exclusive_group()
        password.add_argument(
            "--password-stdin", action="store_true", help="read it from standard input"
        )
        password.add_argument(
            "--no-password", action="store_true", help="for programs: tokens only"
        )

        _invite_arguments(verbs.add_parser("invite", help="print a link that works once"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one verb."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except ShoeboxError as error:
            raise CommandError(error.detail) from None

    def _invite(self, options: dict[str, Any]) -> None:
        """Print a line per invitation: whom it is for, and the link."""
        names = {"pool": options["pool"], "days": options["days"]}
        if options["user"]:
            user = user_get(name=options["user"])
            invitation, secret = invitation_create(user=user, days=options["days"])
            self.stdout.write(f"{invitation} {invitation_link(secret)}")
        elif not options["email"]:
            raise CommandError("Whom? Give addresses, or --user for somebody who has an account.")
        for email in options["email"]:
            _, secret = invitation_create(email=email, **names)
            self.stdout.write(f"{email} {invitation_link(secret)}")

    def _add(self, options: dict[str, Any]) -> None:
        user = user_make(
            name=options["name"],
            password=None if options["no_password"] else _password(options),
            email=options["email"],
            staff=options["staff"] or options["superuser"],
            superuser=options["superuser"],
            pool=options["pool"],
        )
        kind = "superuser" if user.is_superuser else "staff" if user.is_staff else "user"
        self.stdout.write(
            f"{user.username} is there: {kind}, pool {user.pool}. A token for a program: "
            f"manage.py token add {user.username} --name NAME --scope upload --scope read"
        )


def _invite_arguments(invite: CommandParser) -> None:
    invite.add_argument("email", nargs="*", metavar="EMAIL", help="of somebody new")
    invite.add_argument(
        "--user",
        metavar="NAME",
        help="somebody who has an account: they set a new password, and may sign in again if "
        "they were disabled",
    )
    invite.add_argument("--pool", default=DEFAULT_POOL, help="shards new people's images go to")
    invite.add_argument(
        "--days",
        type=whole_number(1, MOST_DAYS),
        help="how long it works; default: SHOEBOX_INVITATION_DAYS",
    )


def _password(options: dict[str, Any]) -> str:
    if options["password_stdin"]:
        return sys.stdin.readline().rstrip("\r\n")
    try:
        password, again = getpass("Password: "), getpass("Again: ")
    except EOFError:
        raise CommandError(
            "Nobody is there to ask for a password; use --password-stdin or --no-password."
        ) from None
    if again != password:
        raise CommandError("The two differ; nothing was made.")
    return password
