"""`manage.py webhook add|list|remove`: who is told what happens to whose images.

The secret of a new one is printed once, alone on standard output.
"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, Q

from webapp.accounts.services import user_get
from webapp.core.errors import ShoeboxError
from webapp.outbox.tasks import Event
from webapp.webhooks.models import DeliveryState, Webhook
from webapp.webhooks.services import webhook_add, webhook_remove


class Command(BaseCommand):
    """Adds, lists and removes webhooks."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare a verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        _add_arguments(verbs.add_parser("add", help="add a webhook and print its secret once"))
        listing = verbs.add_parser("list", help="show webhooks, never their secrets")
        listing.add_argument("--user", help="default: everybody's")
        remove = verbs.add_parser("remove", help="tell it nothing any more, not even what waits")
        remove.add_argument("id", type=int, help="as `webhook list` shows it")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one verb."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except ShoeboxError as error:
            raise CommandError(error.detail) from None

    def _add(self, options: dict[str, Any]) -> None:
        webhook = webhook_add(
            owner=user_get(name=options["user"]),
            url=options["url"],
            events=[Event(name) for name in options["event"]],
        )
        self.stderr.write(
            f"Webhook {webhook.pk} is told {', '.join(webhook.events)}. "
            "Its secret is shown only now:"
        )
        self.stdout.write(webhook.secret)
        if not settings.SHOEBOX.broker_url.startswith("amqp"):
            self.stderr.write(
                "Nothing is told as it is: webhooks need RabbitMQ, SHOEBOX_BROKER_URL=amqp://…"
            )

    def _list(self, options: dict[str, Any]) -> None:
        webhooks = Webhook.objects.select_related("owner").annotate(
            waiting=_count(DeliveryState.WAITING), dead=_count(DeliveryState.DEAD)
        )
        if options["user"]:
            webhooks = webhooks.filter(owner=user_get(name=options["user"]))
        self.stdout.write(f"{'ID':>5}  {'USER':<16}{'STATE':<10}{'WAITING':>8}{'DEAD':>6}  URL")
        for webhook in webhooks:
            self.stdout.write(
                f"{webhook.pk:>5}  {webhook.owner.username:<16}"
                f"{'active' if webhook.active else 'paused':<10}"
                f"{webhook.waiting:>8}{webhook.dead:>6}  "
                f"{webhook.url} ({', '.join(webhook.events)})"
            )

    def _remove(self, options: dict[str, Any]) -> None:
        webhook = webhook_remove(webhook_id=options["id"])
        self.stdout.write(f"{webhook.url} is told nothing any more.")


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--user", required=True, help="whose images")
    parser.add_argument("--url", required=True, help="http or https; events are sent there")
    parser.add_argument(
        "--event",
        action="append",
        default=[],
        choices=[event.value for event in Event],
        help="what it is told; several times for several; default: everything",
    )


def _count(state: DeliveryState) -> Count:
    return Count("deliveries", filter=Q(deliveries__state=state))
