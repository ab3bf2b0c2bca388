"""`manage.py pool add|list`: groups of shards, for free and paid, or for regions.

A user or a token belongs to a pool: `user add --pool`, `token add --pool`. A pool takes images
once shards are its own (`shard add --pool`) and were activated.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.cluster.pools import pool_add, pool_rows
from webapp.core.errors import ShoeboxError
from webapp.core.numbers import whole_number
from webapp.core.topology import DEFAULT_QUORUM

MOST_REPLICAS = 16


class Command(BaseCommand):
    """Adds and lists pools."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare a verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        count = whole_number(1, MOST_REPLICAS)
        add = verbs.add_parser("add", help="make a pool")
        add.add_argument("name", help="lower-case letters, digits, dashes")
        add.add_argument(
            "--replicas", type=count, help="copies of an original; default: SHOEBOX_REPLICA_COUNT"
        )
        add.add_argument(
            "--rendition-replicas",
            type=count,
            help="copies of a rendition; default: SHOEBOX_RENDITION_REPLICA_COUNT",
        )
        add.add_argument(
            "--quorum",
            type=count,
            default=DEFAULT_QUORUM,
            help=f"shards that must accept an upload; default: {DEFAULT_QUORUM}",
        )
        verbs.add_parser("list", help="show pools, their counts, versions and shards")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one verb."""
        if options["verb"] == "list":
            for row in pool_rows():
                self.stdout.write(row)
            return
        try:
            pool = pool_add(
                name=options["name"],
                replica_count=options["replicas"],
                rendition_replica_count=options["rendition_replicas"],
                quorum=options["quorum"],
            )
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        self.stdout.write(
            f"{pool.name} is there. Give it shards: manage.py shard add NAME URL --zone ZONE "
            f"--pool {pool.name}, then shard activate."
        )
