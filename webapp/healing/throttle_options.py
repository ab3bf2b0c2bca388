"""How fast a command heals: its options, and what the settings say where they are not given."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from webapp.core.numbers import seconds, whole_number
from webapp.healing.throttle import Throttle

MOST_PER_SECOND = 10**12
MOST_PAUSE_SECONDS = 3600


def throttle_arguments(parser: ArgumentParser) -> None:
    """Declare how fast."""
    parser.add_argument(
        "--bytes-per-second",
        type=whole_number(0, MOST_PER_SECOND),
        metavar="N",
        help="0 for no limit; default: SHOEBOX_REPAIR_BYTES_PER_SECOND",
    )
    parser.add_argument(
        "--blobs-per-second",
        type=whole_number(0, MOST_PER_SECOND),
        metavar="N",
        help="0 for no limit; default: SHOEBOX_REPAIR_BLOBS_PER_SECOND",
    )
    parser.add_argument(
        "--pause",
        type=seconds(MOST_PAUSE_SECONDS),
        default=0.0,
        metavar="SECONDS",
        help="rest after each image",
    )


def throttle_of(options: Mapping[str, Any]) -> Throttle:
    """Return the throttle the options ask for; without any, what the settings say."""
    asked = {name: value for name, value in options.items() if value is not None}
    return Throttle(
        asked.get("bytes_per_second", settings.SHOEBOX.repair_bytes_per_second),
        asked.get("blobs_per_second", settings.SHOEBOX.repair_blobs_per_second),
        pause=asked.get("pause", 0.0),
    )
