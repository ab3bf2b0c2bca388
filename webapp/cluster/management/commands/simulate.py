"""`manage.py simulate`: what a Shoebox of some size would be like. Nothing is asked or touched.

Balance, what it moves to add shards, how long a lost shard's share is short of a copy, how likely
an image is lost, and what it costs; by the function that places images, and an exact model of
losses that `--trials` checks by chance.
"""

import json
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.cluster.simulated import document, lines
from webapp.core.errors import ShoeboxError
from webapp.core.numbers import hours, seconds, whole_number
from webapp.core.scenario import Scenario
from webapp.core.simulation import simulate

_OPTIONS: tuple[tuple[str, str, str], ...] = (
    ("shards", "N", "how many"),
    ("zones", "N", "how many; shards are dealt out to them in turn"),
    ("added", "N", "shards that are added later"),
    ("replicas", "R", "copies of an original"),
    ("rendition-replicas", "N", "copies of a rendition"),
    ("quorum", "W", "copies before an upload is acknowledged"),
    ("images", "N", "how many there are"),
    ("image-bytes", "BYTES", "of an original, on average"),
    ("rendition-part", "X", "bytes of all renditions of an image, relative to its original"),
    ("image-growth", "X", "yearly: 0.5 is half as many again"),
    ("years", "N", "to look ahead"),
    ("disk-afr", "P", "probability that a disk is lost within a year"),
    ("disks-per-shard", "N", "a shard is lost with any of them; 0 where its store survives that"),
    ("shard-afr", "P", "probability that a shard is lost within a year for other reasons"),
    ("zone-afr", "P", "probability that a zone is lost within a year with all in it"),
    ("repair-bytes-per-second", "BYTES", "that one shard takes while others are repaired to it"),
    ("price-stored", "X", "of a TB on the shards for a month, in any currency"),
    ("price-sent", "X", "of a TB that leaves the shards"),
    ("price-requests", "X", "of a million requests to the shards"),
    ("cached-part", "P", "of all reads, those a cache or CDN answers"),
    ("read-bytes", "BYTES", "of an answer, on average"),
    ("partitions", "N", "look at so many, spread evenly; 0 for all"),
)
MOST_TRIALS = 10_000_000
MOST_HOURS = 100_000
"""More than ten years: whoever says more meant another unit."""
_OWN = ("weights", "detect", "settle")


class Command(BaseCommand):
    """Thinks of a Shoebox and says what it would be like."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is thought of; each default is that of a small Shoebox."""
        usual = asdict(Scenario())
        for name, metavar, text in _OPTIONS:
            value = usual[name.replace("-", "_")]
            parser.add_argument(
                f"--{name}", type=type(value), default=value, metavar=metavar, help=text
            )
        parser.add_argument(
            "--weights",
            type=float,
            nargs="+",
            default=[1.0],
            metavar="X",
            help="dealt out to the shards in turn",
        )
        parser.add_argument(
            "--detect-hours",
            type=hours(MOST_HOURS),
            default=usual["detect"] / timedelta(hours=1),
            metavar="H",
            help="from the loss of a shard until somebody sets it dead",
        )
        parser.add_argument(
            "--settle-seconds",
            type=seconds(MOST_HOURS * 60 * 60),
            default=usual["settle"] / timedelta(seconds=1),
            metavar="S",
            help="from the answer to an upload until it lies on its homes",
        )
        parser.add_argument(
            "--trials",
            type=whole_number(0, MOST_TRIALS),
            default=0,
            metavar="N",
            help="random histories to check with",
        )
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the trials")
        parser.add_argument("--json", action="store_true", help="the figures for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Simulate and print."""
        scenario = _scenario(options)
        try:
            found = simulate(scenario, trials=options["trials"], seed=options["seed"])
        except ShoeboxError as error:
            raise CommandError(error.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps(document(scenario, found), indent=1))
            return
        for line in lines(scenario, found):
            self.stdout.write(line)


def _scenario(options: dict[str, Any]) -> Scenario:
    told = {field.name: options[field.name] for field in fields(Scenario) if field.name not in _OWN}
    return Scenario(
        **told,
        weights=tuple(options["weights"]),
        detect=timedelta(hours=options["detect_hours"]),
        settle=timedelta(seconds=options["settle_seconds"]),
    )
