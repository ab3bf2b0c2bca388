"""Slow uploads held by thousands, on a Shoebox of which the write service alone runs."""

import asyncio
from pathlib import Path

from bench.write.places import Place, shoebox_started
from bench.write.slow import Outcome, Plan, Target, slow_run

FRESH_GOAL_MS, HELD_GOAL_KB = 250, 40
SPARE = 256


def crowd_table(folder: Path, *, crowds: list[int], **settings: str) -> str:
    """Return what was seen of each crowd, each on a service of its own."""
    folder.mkdir()
    outcomes = [_crowd(folder / str(held), held, settings) for held in crowds]
    lines = [
        "| held | KB of memory each | fresh: p50, p99 ms | let go | fresh: p50, p99 ms | answers |",
        "|---|---|---|---|---|---|",
        *map(_line, outcomes),
    ]
    return "\n".join(lines) + "\n"


def _crowd(folder: Path, held: int, settings: dict[str, str]) -> Outcome:
    places = str(held + SPARE)
    room = {
        "SHOEBOX_MAX_UPLOADS_IN_FLIGHT": places,
        "SHOEBOX_MAX_UPLOADS_IN_FLIGHT_PER_USER": places,
    }
    with shoebox_started(folder, pinned=False, **room, **settings) as place:
        return asyncio.run(slow_run(target=_target(place), plan=Plan(held=held), pid=place.pid))


def _target(place: Place) -> Target:
    token = place.target.headers["Authorization"].partition(" ")[2]
    return Target("127.0.0.1", place.target.port, token)


def _line(seen: Outcome) -> str:
    fresh = [
        f"{told.get('p50', 0)}, {told.get('p99', 0)} of {told['count']}"
        for told in (seen.fresh_while_held, seen.fresh_while_finishing)
    ]
    answers = ", ".join(f"{count} x {status}" for status, count in seen.held_statuses.items())
    cells = [f"{seen.held:,}", seen.kb_per_upload, fresh[0], f"{seen.finish_seconds} s", fresh[1]]
    return f"| {' | '.join(map(str, cells))} | {answers} |"
