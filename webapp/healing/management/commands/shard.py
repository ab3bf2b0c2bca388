"""`manage.py shard add|activate|list|set|probe|publish|drain`: the stores images are kept on.

A new shard is added (its identity is written, readers learn of it), then activated (a new
topology version is published; it takes new images). Nothing that exists is moved. A shard that
goes is drained: everything moves off it while reads and writes go on, and it ends `dead`.
"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.cluster.models import Shard
from webapp.cluster.publishing import topology_publish
from webapp.cluster.report import shard_finding, shard_rows
from webapp.cluster.services import (
    DEFAULT_POOL,
    shard_activate,
    shard_add,
    shard_get,
    shard_set_state,
    shard_set_url,
)
from webapp.core.errors import ShoeboxError
from webapp.core.shards import ShardState
from webapp.healing.drain import drain_plan, drain_run
from webapp.healing.moving_command import moved_lines, pace_arguments, pace_of, plan_lines
from webapp.images.services import journal_publish


class Command(BaseCommand):
    """Adds, activates, lists, changes, probes and drains shards."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare a verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        _add_arguments(verbs.add_parser("add", help="make an empty store a shard, joining"))
        activate = verbs.add_parser("activate", help="let shards take new images")
        activate.add_argument("names", nargs="+", metavar="NAME", help="joining or read_only")
        verbs.add_parser("list", help="show shards, states and their share of new images")
        _set_arguments(verbs.add_parser("set", help="change state or address of a shard"))
        probe = verbs.add_parser("probe", help="write, read and delete on a shard, and report")
        probe.add_argument("name", nargs="?", help="default: all")
        verbs.add_parser("publish", help="sign and publish topology and deletion journal again now")
        drain = verbs.add_parser("drain", help="move everything off a shard, then it is dead")
        drain.add_argument("name", help="as it was added")
        pace_arguments(drain)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one verb."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except ShoeboxError as error:
            raise CommandError(error.detail) from None

    def _add(self, options: dict[str, Any]) -> None:
        pairs = (text.partition("=") for text in options["option"])
        shard = shard_add(
            name=options["name"],
            url=options["url"],
            zone=options["zone"],
            weight=options["weight"],
            pool=options["pool"],
            options={name: value for name, _, value in pairs},
        )
        self.stdout.write(
            f"{shard.name} is joining. Readers know it in a few seconds; then: "
            f"manage.py shard activate {shard.name}"
        )

    def _activate(self, options: dict[str, Any]) -> None:
        topology = shard_activate(names=options["names"])
        self.stdout.write(
            f"Active: {', '.join(options['names'])}. Topology revision {topology.revision}; "
            "a pool's first version counts at once, a later one in "
            f"{settings.SHOEBOX.activation_seconds:g} s."
        )

    def _list(self, _options: dict[str, Any]) -> None:
        for row in shard_rows():
            self.stdout.write(row)

    def _set(self, options: dict[str, Any]) -> None:
        if options["state"]:
            shard_set_state(name=options["name"], state=ShardState.named(options["state"]))
        if options["url"]:
            shard_set_url(name=options["name"], url=options["url"])
        shard = shard_get(name=options["name"])
        self.stdout.write(f"{shard.name}: {shard.state}, {shard.url}")

    def _probe(self, options: dict[str, Any]) -> None:
        name = options["name"]
        shards = [shard_get(name=name)] if name else list(Shard.objects.all())
        failed = []
        for shard in shards:
            well, seen = shard_finding(shard)
            self.stdout.write(f"{shard.name}: {seen}")
            if not well:
                failed.append(shard.name)
        if failed:
            raise CommandError(f"Not well: {', '.join(failed)}")

    def _publish(self, _options: dict[str, Any]) -> None:
        # A new revision, also of the same words: readers keep what they have of the same one,
        # and it may be signed with a key that is about to go.
        topology, journal = topology_publish(change=lambda: None), journal_publish()
        self.stdout.write(
            f"Published: topology revision {topology.revision}, journal {journal.epoch}."
            f"{journal.counter}, signed with key {settings.SHOEBOX.keyring.current.key_id}."
        )

    def _drain(self, options: dict[str, Any]) -> None:
        name = options["name"]
        shard = shard_get(name=name)
        if shard.state == ShardState.DEAD.label and shard.emptied:
            self.stdout.write(f"{name} is empty and dead already; its store may be taken away.")
            return
        plan = drain_plan(name=name)
        for line in plan_lines(plan):
            self.stdout.write(line)
        if not options["apply"]:
            self.stdout.write("Nothing was changed; do it with --apply.")
            return
        pace = pace_of(f"drain {name}", options, total=plan.images)
        try:
            drained = drain_run(name=name, pace=pace)
        finally:
            pace.progress.close()
        for line in moved_lines(drained.moved):
            self.stdout.write(line)
        if not drained.dead:
            raise CommandError(f"{name} is draining and not empty yet; run this again.")
        self.stdout.write(f"{name} is empty and dead; its store may be taken away.")


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="unique for ever: lower-case letters, digits, dashes")
    parser.add_argument("url", help="file:///path or s3+http(s)://host[:port]/bucket")
    parser.add_argument("--zone", required=True, help="what fails together with it")
    parser.add_argument("--weight", type=float, default=1.0, help="share of new bytes")
    parser.add_argument("--pool", default=DEFAULT_POOL, help="whose new images it takes")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of an S3 store: region=…, path_style=true|false, checksum=when_required|…",
    )


def _set_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="as it was added")
    parser.add_argument(
        "--state", choices=[state.label for state in ShardState], help="what may be done with it"
    )
    parser.add_argument("--url", help="where the shard is now")
