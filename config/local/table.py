"""The table that a start ends with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from config.local.first_photo import Report


def report_lines(report: Report) -> list[str]:
    """Return the steps with their times, and where the replicas lie, as lines of text."""
    steps = [(words, f"{seconds:.2f} s", told) for words, seconds, told in report.steps]
    return [
        "First photo",
        *_aligned([("step", "time", "result"), *steps]),
        "",
        "Where it lies",
        *_aligned([("shard", "zone", "as", "checked"), *map(_replica, report.replicas)]),
    ]


def address_lines(
    environment: Mapping[str, str], *, page: str | None, data: str, credentials: str
) -> list[str]:
    """Return the addresses to open and where secrets and logs are, as lines of text.

    Args:
        environment: Settings of the profile.
        page: Of the first photo; None when it did not come through.
        data: Folder of the profile.
        credentials: File of what a person needs to sign in.
    """
    return [
        "Open",
        *_aligned(
            [
                ("pages", environment["SHOEBOX_WRITE_URL"]),
                *([("this photo", page)] if page else []),
                ("API", environment["SHOEBOX_WRITE_URL"] + "/api/v1/docs"),
                ("admin", environment["SHOEBOX_WRITE_URL"] + "/admin/"),
                ("images", environment["SHOEBOX_READ_URL"]),
                ("Flower", environment["SHOEBOX_FLOWER_URL"]),
                ("sign in with", credentials),
                ("logs", f"{data}/logs"),
            ]
        ),
    ]


def _replica(position: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        str(position["shard"]),
        str(position["zone"]),
        str(position["role"]),
        str(position["check"] or "not yet"),
    )


def _aligned(rows: Sequence[Iterable[str]]) -> list[str]:
    table = [list(row) for row in rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
