"""`manage.py webhooks`: deliver events to webhooks, until stopped. Needs RabbitMQ."""

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from webapp.webhooks.running import webhooks_run


class Command(BaseCommand):
    """Takes events from RabbitMQ and delivers them; any number may run."""

    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run until SIGTERM or SIGINT; ends within seconds and loses nothing."""
        broker_url = settings.SHOEBOX.broker_url
        if not broker_url.startswith("amqp"):
            raise CommandError(
                "Webhooks need RabbitMQ: SHOEBOX_BROKER_URL is not amqp://…, and other brokers "
                "keep no events for who is not there."
            )
        asyncio.run(webhooks_run(broker_url))
