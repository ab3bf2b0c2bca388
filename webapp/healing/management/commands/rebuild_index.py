"""`manage.py rebuild_index`: fill an empty database from the shards alone.

Topology, users, images, albums, states and deletions come from what lies on the shards;
passwords, tokens, quotas and settings of users do not lie there. A dry run unless `--apply`.
The service is read-only until it is done; reads go on. It may be killed and run again.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts.models import User
from webapp.core.errors import ShoeboxError
from webapp.core.ids import PARTITION_COUNT
from webapp.healing.progress import Progress
from webapp.healing.rebuild import Rebuilt, rebuild_check, rebuild_look, rebuild_run
from webapp.healing.rebuild_topology import topology_find


class Command(BaseCommand):
    """Rebuilds the index."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is looked at, and how far it may go."""
        parser.add_argument("--apply", action="store_true", help="do it; otherwise only look")
        parser.add_argument(
            "--accept-missing",
            action="store_true",
            help="go on though silent shards may hold images nobody else has",
        )
        parser.add_argument(
            "--shard",
            action="append",
            default=[],
            metavar="[NAME=]URL",
            help="shard to take the topology from; default: the local file and the settings",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Look or rebuild, and say what was found."""
        progress = Progress("partitions", total=PARTITION_COUNT)
        try:
            topology = topology_find(shards=options["shard"])
            self.stdout.write(
                f"Topology revision {topology.revision}: {len(topology.versions)} versions, "
                f"shards {', '.join(sorted(topology.shards))}."
            )
            if options["apply"]:
                rebuilt = rebuild_run(
                    topology=topology,
                    accept_missing=options["accept_missing"],
                    advance=progress.advance,
                )
            else:
                rebuild_check(topology=topology, accept_missing=options["accept_missing"])
                rebuilt = rebuild_look(topology=topology, advance=progress.advance)
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        finally:
            progress.close()
        self._say(rebuilt, apply=options["apply"])

    def _say(self, rebuilt: Rebuilt, *, apply: bool) -> None:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(rebuilt.counts.items()))
        self.stdout.write(f"Images: {counts or 'none'}.")
        if rebuilt.silent:
            self.stdout.write(f"Silent shards: {', '.join(rebuilt.silent)}.")
        if not apply:
            self.stdout.write("Nothing was written; do it with --apply.")
            return
        disabled = User.objects.filter(is_active=False).count()
        self.stdout.write(
            f"The index is of epoch {rebuilt.epoch}; writes go on. {disabled} users are disabled "
            "until they are invited again; `manage.py bootstrap` lets the admin in."
        )
