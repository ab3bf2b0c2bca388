"""`manage.py user add NAME`: make somebody who may sign in.

Asks for the password, or reads it as one line from standard input. Without a password they
cannot sign in, but tokens made for them work: good for programs.
"""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts.services import user_make
from webapp.cluster.services import DEFAULT_POOL
from webapp.core.errors import ShoeboxError


class Command(BaseCommand):
    """Makes users."""

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

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make the user and say so."""
        try:
            user = user_make(
                name=options["name"],
                password=None if options["no_password"] else _password(options),
                email=options["email"],
                staff=options["staff"] or options["superuser"],
                superuser=options["superuser"],
                pool=options["pool"],
            )
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        kind = "superuser" if user.is_superuser else "staff" if user.is_staff else "user"
        self.stdout.write(
            f"{user.username} is there: {kind}, pool {user.pool}. A token for a program: "
            f"manage.py token add {user.username} --name NAME --scope upload --scope read"
        )


def _password(options: dict[str, Any]) -> str:
    if options["password_stdin"]:
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise CommandError("The two differ; nothing was made.")
    return password
