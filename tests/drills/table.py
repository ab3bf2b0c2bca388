"""What all drills that ran have to say, in one table at the end of the run."""

from pathlib import Path

HEADINGS = ("acknowledged", "lost", "asked again", "s to R")


def rows_of(reports):
    """Return a row for each drill that noted something: its name and what it noted."""
    found = []
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == "drill":
                file, _, test = report.location
                found.append((f"{Path(file).name}::{test}", value))
    return found


def table_write(terminal):
    """Write the table of the drills that passed."""
    rows = rows_of(terminal.stats.get("passed", []))
    if not rows:
        return
    terminal.section("drills")
    terminal.line("".join(f"{heading:>13}" for heading in HEADINGS) + "  drill")
    for name, row in sorted(rows):
        values = (row["acknowledged"], row["lost"], row["again"], row["seconds"])
        terminal.line("".join(f"{value:>13}" for value in values) + f"  {name}")
