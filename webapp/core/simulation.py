"""What a Shoebox of some size would be like: balance, moves, repair, loss, cost. Pure.

Placement is the one images are placed by; what fails, and what things cost, is told.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from webapp.core.durability import (
    Estimate,
    LossModel,
    loss_probability,
    years_to_loss,
    years_to_loss_trials,
)
from webapp.core.layout import (
    Growth,
    Layout,
    growth,
    home_sets,
    largest_deviation,
    layout_make,
    loss_of_largest,
    zone_shapes,
)
from webapp.core.scenario import Scenario

YEAR = timedelta(days=365.25)
TERA = 1e12
TRIED_RATIO = 0.2
"""Trials are made with shards that are lost this often within the time of a repair."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came out.

    Args:
        largest_deviation: By how much the shard furthest off holds more or less than its part.
        growth: What shards that are added move.
        bytes_per_shard: On average.
        repair: From the loss of the largest shard until its share lies elsewhere.
        image_loss: Probability that one image is lost within a year.
        images_lost: Expected within a year.
        any_loss: Probability that any image is lost within a year.
        fresh_loss: Probability that an upload is lost before it lies on all its homes.
        home_sets: Different sets of shards that alone hold some images.
        checked: Ratio of what trials gave to the exact answer, at shards that fail much more
            often; empty without trials.
        cost_stored: Of a TB of originals for a month, all copies and renditions included.
        cost_reads: Of a million reads.
        years: Images and bytes on the shards, now and at the end of each year.
    """

    largest_deviation: float
    growth: Growth
    bytes_per_shard: float
    repair: timedelta
    image_loss: float
    images_lost: float
    any_loss: float
    fresh_loss: float
    home_sets: int
    checked: Estimate | None
    cost_stored: float
    cost_reads: float
    years: tuple[tuple[float, float], ...]


def simulate(scenario: Scenario, *, trials: int = 0, seed: int = 0) -> Simulated:
    """Return what a Shoebox would be like. Deterministic for a seed.

    Raises:
        MalformedRequestError: There cannot be such a Shoebox.
    """
    version = scenario.version()
    layout = layout_make(version, partition_count=scenario.partitions)
    stored = scenario.images * scenario.bytes_per_image(version)
    models = loss_models(scenario, layout)
    yearly = sum(part / years_to_loss(model) for model, part in models.items())
    sets = home_sets(layout)
    likely = max(models, key=lambda model: models[model])
    image_loss = loss_probability(1 / yearly) if yearly else 0.0
    return Simulated(
        largest_deviation=largest_deviation(layout),
        growth=growth(layout, scenario.newcomers()),
        bytes_per_shard=stored / scenario.shards,
        repair=repair_time(scenario, layout),
        image_loss=image_loss,
        images_lost=scenario.images * image_loss,
        any_loss=loss_probability(1 / (yearly * min(sets, scenario.images))) if yearly else 0.0,
        fresh_loss=fresh_loss(scenario, version.quorum),
        home_sets=sets,
        checked=trials_check(likely, trials=trials, seed=seed) if trials else None,
        cost_stored=scenario.price_stored
        * scenario.bytes_per_image(version)
        / scenario.image_bytes,
        cost_reads=cost_reads(scenario),
        years=tuple(
            (scenario.images * factor, stored * factor)
            for factor in (
                (1 + scenario.image_growth) ** year for year in range(scenario.years + 1)
            )
        ),
    )


def repair_time(scenario: Scenario, layout: Layout) -> timedelta:
    """Return how long the share of the largest shard is short of a copy once that is lost.

    Everybody who is next in the order of one of its partitions is written to at the same time;
    who has to take most is the last to be done.
    """
    stored = scenario.images * scenario.bytes_per_image(layout.version)
    seconds = loss_of_largest(layout).busiest * stored / scenario.repair_bytes_per_second
    return scenario.detect + timedelta(seconds=seconds)


def loss_models(scenario: Scenario, layout: Layout) -> Mapping[LossModel, float]:
    """Return what happens to an image, by how its copies are spread, and how many are so."""
    repair = max(repair_time(scenario, layout), timedelta(seconds=1))
    return {
        LossModel(
            zone_copies=shape,
            shard_rate=shard_rate(scenario),
            zone_rate=rate_of(scenario.zone_afr),
            repair_rate=YEAR / repair,
        ): part
        for shape, part in zone_shapes(layout).items()
    }


def rate_of(yearly: float) -> float:
    """Return events per year that come to this probability of one or more within a year."""
    return -math.log1p(-yearly)


def shard_rate(scenario: Scenario) -> float:
    """Return how often a year a shard is lost, for whatever reason of its own."""
    return rate_of(scenario.shard_afr) + scenario.disks_per_shard * rate_of(scenario.disk_afr)


def fresh_loss(scenario: Scenario, quorum: int) -> float:
    """Return the probability that all shards of a quorum are lost before more have a copy."""
    rate = shard_rate(scenario)
    if not rate:
        return 0.0
    return loss_probability(1 / rate, years=scenario.settle / YEAR) ** quorum


def trials_check(model: LossModel, *, trials: int, seed: int) -> Estimate:
    """Return what random histories give, relative to the exact answer.

    At the rates of real shards a history has more steps than anybody waits for, so both are
    asked about shards that are lost much more often.
    """
    rate = TRIED_RATIO * model.repair_rate
    worse = LossModel(
        model.zone_copies, rate, rate / 10 if model.zone_rate else 0.0, model.repair_rate
    )
    found, exact = years_to_loss_trials(worse, trials=trials, seed=seed), years_to_loss(worse)
    return Estimate(found.mean / exact, found.error / exact)


def cost_reads(scenario: Scenario) -> float:
    """Return what a million reads cost, those that a cache answers being free."""
    millions = 1 - scenario.cached_part
    sent = millions * 1e6 * scenario.read_bytes / TERA
    return millions * scenario.price_requests + sent * scenario.price_sent
