"""How much of what a bare receiver takes ours takes, with the same durable writes."""

import statistics
from contextlib import ExitStack
from pathlib import Path

from bench.write.load import Seen, load
from bench.write.photos import photo
from bench.write.places import (
    Place,
    bare_started,
    postgres_started,
    shoebox_started,
    take_load_core,
)

GOAL = 0.6
CONNECTIONS = 32
SIZES = {"300 KB": 300_000, "3 MB": 3_000_000}
TWO_COPIES = {"SHOEBOX_REPLICA_COUNT": "2"}
"""As many as the bare receivers write; W is 2 whatever R is."""
LINES = {
    "Shoebox, SQLite": "bare, SQLite",
    "Shoebox, PostgreSQL": "bare, PostgreSQL",
    "Shoebox, PostgreSQL, R = 3": "bare, PostgreSQL",
    "Shoebox, PostgreSQL, S3 shards": "bare, PostgreSQL",
}
ONE_FSYNC = "bare, one fsync"


def accept_table(folder: Path, *, rounds: int, seconds: float, only: str = "") -> str:
    """Return the table of uploads per second: medians of interleaved rounds.

    Args:
        folder: For everything; made here.
        rounds: How often each receiver has its turn, per size.
        seconds: Of a turn.
        only: Part of the names of those of ours to measure; empty: all.
    """
    take_load_core()
    folder.mkdir()
    ours = [name for name in LINES if only.lower() in name.lower()]
    with ExitStack() as stack:
        places = _started(stack, folder, ours)
        sized = {size: _medians(places, size, rounds, seconds) for size in SIZES}
    return _table(ours, sized)


def _started(stack: ExitStack, folder: Path, ours: list[str]) -> dict[str, Place]:
    postgres = stack.enter_context(postgres_started(folder / "postgres"))
    _databases(postgres)
    indexes = {
        "bare, SQLite": str(folder / "bare.sqlite3"),
        "bare, PostgreSQL": _database(postgres, "bare"),
    }
    places = {
        name: stack.enter_context(bare_started(folder / name.split()[-1], copies=2, index=index))
        for name, index in indexes.items()
    }
    places[ONE_FSYNC] = stack.enter_context(bare_started(folder / "one", copies=1))
    for number, name in enumerate(ours):
        settings = {} if "R = 3" in name else dict(TWO_COPIES)
        if "PostgreSQL" in name:
            settings["SHOEBOX_DATABASE_URL"] = _database(postgres, f"shoebox{number}")
        place = shoebox_started(folder / f"shoebox{number}", s3="S3" in name, **settings)
        places[name] = stack.enter_context(place)
    return places


def _databases(url: str) -> None:
    import psycopg  # noqa: PLC0415 - only here

    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("bare", *(f"shoebox{number}" for number in range(len(LINES)))):
            connection.execute(f"CREATE DATABASE {name}")


def _database(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


def _medians(places: dict[str, Place], size: str, rounds: int, seconds: float) -> dict[str, float]:
    sent = photo(SIZES[size])
    rates: dict[str, list[float]] = {name: [] for name in places}
    for turn in range(-1, rounds):  # the first one warms up and does not count
        for name, place in list(places.items())[:: -1 if turn % 2 else 1]:
            part = seconds if turn >= 0 else min(seconds, 2.0)
            seen = load(place.target, sent, connections=CONNECTIONS, seconds=part)
            _check(name, seen)
            place.empty()
            if turn >= 0:
                rates[name].append(seen.rate)
    return {name: statistics.median(values) for name, values in rates.items()}


def _check(name: str, seen: Seen) -> None:
    assert set(seen.statuses) == {201}, f"{name}: {dict(seen.statuses)} {seen.refusal}"


def _table(ours: list[str], sized: dict[str, dict[str, float]]) -> str:
    lines = [
        "| uploads per second | "
        + " | ".join(f"{s} | to bare | to one fsync" for s in sized)
        + " |",
        "|---|" + "---|" * (3 * len(sized)),
    ]
    for name in (*ours, *sorted({LINES[name] for name in ours}), ONE_FSYNC):
        cells = [_cells(name, rates) for rates in sized.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cells(name: str, rates: dict[str, float]) -> str:
    one = f"{rates[name] / rates[ONE_FSYNC]:.2f}"
    if name not in LINES:
        return f"{rates[name]:.0f} | | {one}"
    return f"{rates[name]:.0f} | **{rates[name] / rates[LINES[name]]:.2f}** | {one}"
