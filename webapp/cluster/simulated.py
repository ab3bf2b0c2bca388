"""A simulation in words, and for programs."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from webapp.core.scenario import Scenario
from webapp.core.simulation import TERA, Simulated


def document(scenario: Scenario, found: Simulated) -> dict[str, Any]:
    """Return what was told and what came out, times in seconds."""
    told = asdict(scenario)
    told["detect"] = scenario.detect.total_seconds()
    told["settle"] = scenario.settle.total_seconds()
    return {"told": told, "found": {**asdict(found), "repair": found.repair.total_seconds()}}


def lines(scenario: Scenario, found: Simulated) -> Iterator[str]:
    """Yield a table of two columns, then one of the years."""
    for name, value in _rows(scenario, found):
        yield f"{name:<46}{value:>18}"
    yield ""
    yield f"{'Year':<10}{'Images':>18}{'TB on shards':>18}{'TB per shard':>18}"
    for year, (images, size) in enumerate(found.years):
        stored = size / TERA
        yield f"{year:<10}{images:>18,.0f}{stored:>18,.1f}{stored / scenario.shards:>18,.2f}"


def _rows(scenario: Scenario, found: Simulated) -> Iterator[tuple[str, str]]:
    yield "Largest deviation from a shard's part", f"{found.largest_deviation:.2%}"
    yield f"Moved when {scenario.added} are added", "0"
    yield "Moved by a rebalance then", f"{found.growth.moved:.2%}"
    yield "  at least, however it is done", f"{found.growth.minimum:.2%}"
    yield "TB per shard", f"{found.bytes_per_shard / TERA:,.2f}"
    yield "Hours until a lost shard's share is whole", f"{found.repair.total_seconds() / 3600:,.1f}"
    yield "Sets of shards that alone hold some images", f"{found.home_sets:,}"
    yield "One image lost within a year", f"{found.image_loss:.1e}"
    yield "Images lost within a year, expected", f"{found.images_lost:.1e}"
    yield "Any image lost within a year, at most", f"{found.any_loss:.1e}"
    yield "An upload lost before it is on its homes", f"{found.fresh_loss:.1e}"
    if found.checked:
        checked = f"{found.checked.mean:.3f} ± {found.checked.error:.3f}"
        yield "Trials, relative to the exact answer", checked
    yield "Cost of a TB of originals for a month", f"{found.cost_stored:,.2f}"
    yield "Cost of a million reads", f"{found.cost_reads:,.2f}"
