"""What the commands that move images have in common: their options, and what they say."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from webapp.core.moves import moves_total
from webapp.healing.moving import MovePlan
from webapp.healing.moving_run import Moved, Pace
from webapp.healing.progress import Progress, bytes_text
from webapp.healing.throttle_options import throttle_arguments, throttle_of

MOST_NAMED = 10


def pace_arguments(parser: ArgumentParser) -> None:
    """Declare whether it is done, and how fast."""
    parser.add_argument("--apply", action="store_true", help="do it; else say what would be done")
    throttle_arguments(parser)
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help="end when all is copied; the sweep removes old copies, and another run looks",
    )


def pace_of(label: str, options: Mapping[str, Any], *, total: int) -> Pace:
    """Return the pace the options ask for."""
    progress = Progress(label, total=total)
    return Pace(throttle_of(options), progress, wait=not options["no_wait"])


def plan_lines(plan: MovePlan) -> Iterator[str]:
    """Yield what a plan comes to, and where the bytes go."""
    total = moves_total(plan.moves)
    yield (
        f"{plan.images:,} images lie there; {total.images:,} need {len(plan.moves):,} copies, "
        f"{bytes_text(total.bytes)} in all."
    )
    for shard in sorted(total.copies_to):
        copies, size = total.copies_to[shard], bytes_text(total.bytes_to[shard])
        yield f"  to {shard:<16}{copies:>10,} copies  {size:>12}"
    for number, (left, wanted) in sorted(plan.short.items()):
        yield (
            f"Images placed by version {number} would have {left} shards for {wanted} copies, and "
            f"stay. First: manage.py rebalance --from {number} --to one with more (pool list)."
        )
    if plan.orphans:
        yield f"Not in the index, scrub --apply adopts them first: {_some(plan.orphans)}."


def moved_lines(moved: Moved) -> Iterator[str]:
    """Yield what was done, and what is left."""
    yield f"{moved.images:,} images looked at, {bytes_text(moved.bytes_moved)} written."
    if moved.short:
        yield f"Not whole where they belong: {_some(moved.short)}."
    if moved.left:
        yield f"Old copies that stay for now: of {_some(moved.left)}."


def _some(ids: list[str]) -> str:
    more = f" and {len(ids) - MOST_NAMED:,} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(ids[:MOST_NAMED]) + more
