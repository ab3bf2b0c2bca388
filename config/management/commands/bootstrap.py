"""`manage.py bootstrap`: what a new installation needs once. Twice is once.

Declares the queues, makes the admin user and its token from SHOEBOX_ADMIN_*, and adds the shards of
SHOEBOX_BOOTSTRAP_SHARDS (`name=url@zone,…`) whose names are new, and activates them. A shard that
carries its identity at another URL there is there from then on, unless `shard set --url` moved it
away.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.celery import broker_errors, queues_declare
from webapp.accounts.bootstrap import admin_ensure
from webapp.cluster.models import Shard
from webapp.cluster.readdress import shards_readdress
from webapp.cluster.services import shard_activate, shard_add
from webapp.core.errors import ShoeboxError
from webapp.core.shards import ShardState
from webapp.healing.rebuild_lost import LOST, index_lost
from webapp.images.services import journal_publish


class Command(BaseCommand):
    """Prepares queues, the admin user and the first shards."""

    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Do what is missing, a line for each step."""
        try:
            self._queues()
            if index_lost():
                self.stdout.write(f"read-only: {LOST}")
                return
            self._admin()
            self._shards()
        except ShoeboxError as error:
            raise CommandError(error.detail) from None

    def _queues(self) -> None:
        try:
            self.stdout.write(f"queues: {', '.join(queues_declare())}")
        except broker_errors() as error:
            raise CommandError(f"The broker does not answer ({error}).") from None

    def _admin(self) -> None:
        shoebox = settings.SHOEBOX
        if not shoebox.admin_password:
            self.stdout.write("admin: none asked for (SHOEBOX_ADMIN_PASSWORD is empty)")
            return
        made = admin_ensure(
            username=shoebox.admin_username,
            password=shoebox.admin_password,
            token=shoebox.admin_token,
        )
        self.stdout.write(f"admin: {shoebox.admin_username} {'made' if made else 'is there'}")

    def _shards(self) -> None:
        asked = [_parse(text) for text in settings.SHOEBOX.bootstrap_shards]
        urls = {name: url for name, url, _ in asked}
        for shard in shards_readdress(asked=urls):
            now = urls[shard.name]
            self.stdout.write(f"shard {shard.name}: is at {now} now, was at {shard.url}")
        for name, url, zone in asked:
            if Shard.objects.filter(name=name).exists():
                continue
            shard_add(name=name, url=url, zone=zone)
            self.stdout.write(f"shard {name}: added in zone {zone}")
        # Others that join were added by somebody who wants to look at them first.
        ours = [name for name, _, _ in asked]
        joining = Shard.objects.filter(state=ShardState.JOINING.label)
        names = list(joining.filter(name__in=ours).values_list("name", flat=True))
        if names:
            topology = shard_activate(names=names)
            journal_publish()
            self.stdout.write(f"shards {', '.join(names)}: active, revision {topology.revision}")


def _parse(text: str) -> tuple[str, str, str]:
    name, _, rest = text.partition("=")
    url, _, zone = rest.rpartition("@")
    if not (name and url and zone):
        raise CommandError(f"SHOEBOX_BOOTSTRAP_SHARDS: {text!r} is not `name=url@zone`.")
    return name, url, zone
