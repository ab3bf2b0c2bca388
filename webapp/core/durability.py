"""How likely an image is lost: an exact answer, and one found by chance to check it with.

An image has R copies in some zones. A shard is lost at a rate, a zone with all its shards at
another, and each lost copy is made again at a third; when no copy is left, the image is lost.
Not in the model: rot that no scrub found yet, mistakes of people, and failures that come in
waves; what it says is a bound for hardware alone.

Source: Markov models of redundant disks, Patterson, Gibson & Katz 1988; what such figures do
not say, Greenan, Plank & Wylie 2010 ("Mean time to meaningless").
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

Live = tuple[tuple[int, int], ...]
"""Of each zone: copies it should have, copies it has. In order, as zones are alike."""

_LOST: Live = ()


@dataclass(frozen=True, slots=True)
class LossModel:
    """One image and what happens to its copies; all rates are per year.

    Args:
        zone_copies: Copies in each zone that has some; their sum is R.
        shard_rate: Losses of a shard with all that is on it.
        zone_rate: Losses of a zone with all its shards.
        repair_rate: One over the years from the loss of a copy until it is made again. Lost
            copies do not wait for each other.
    """

    zone_copies: tuple[int, ...]
    shard_rate: float
    zone_rate: float
    repair_rate: float

    @property
    def whole(self) -> Live:
        """The state in which no copy is lost."""
        return tuple(sorted((copies, copies) for copies in self.zone_copies))

    def steps(self, live: Live) -> dict[Live, float]:
        """Return the states that may come next, and the rate of each."""
        found: dict[Live, float] = {}
        for there, rate in self._events(live):
            found[there] = found.get(there, 0.0) + rate
        return found

    def _events(self, live: Live) -> Iterator[tuple[Live, float]]:
        for index, (wanted, have) in enumerate(live):
            if have > 1:
                yield _with(live, index, have - 1), have * self.shard_rate
                yield _with(live, index, 0), self.zone_rate
            elif have:
                yield _with(live, index, 0), self.shard_rate + self.zone_rate
            if have < wanted:
                yield _with(live, index, have + 1), (wanted - have) * self.repair_rate


def _with(live: Live, index: int, have: int) -> Live:
    changed = [*live[:index], (live[index][0], have), *live[index + 1 :]]
    return tuple(sorted(changed)) if any(count for _, count in changed) else _LOST


def years_to_loss(model: LossModel) -> float:
    """Return the mean years until an image that is whole now is lost; infinite without losses.

    Exact but for rounding: states are eliminated one by one without ever subtracting, so that
    rates that are twelve orders apart do no harm.

    Source: Grassmann, Taksar & Heyman 1985.
    """
    if not model.shard_rate + model.zone_rate:
        return math.inf
    rates = _reachable(model)
    times = dict.fromkeys(rates, 1.0)
    for state in [state for state in rates if state != model.whole]:
        _eliminate(state, rates, times)
    return times[model.whole] / sum(rates[model.whole].values())


def _reachable(model: LossModel) -> dict[Live, dict[Live, float]]:
    rates: dict[Live, dict[Live, float]] = {}
    waiting = [model.whole]
    while waiting:
        state = waiting.pop()
        if state == _LOST or state in rates:
            continue
        rates[state] = {there: rate for there, rate in model.steps(state).items() if rate}
        waiting += rates[state]
    return rates


def _eliminate(state: Live, rates: dict[Live, dict[Live, float]], times: dict[Live, float]) -> None:
    """Let whoever goes to a state go on to where that leads, and take the time along."""
    onward, time = rates.pop(state), times.pop(state)
    total = sum(onward.values())
    for origin, steps in rates.items():
        rate = steps.pop(state, 0.0)
        times[origin] += rate * time / total
        for there, part in onward.items():
            if rate and there != origin:
                steps[there] = steps.get(there, 0.0) + rate * part / total


def years_to_loss_formula(*, replica_count: int, shard_rate: float, repair_rate: float) -> float:
    """Return the same in closed form, for copies on shards that fail on their own.

    The sum, over how many copies are lost, of the mean years until one more is lost for the
    first time.

    Source: birth and death processes, Karlin & Taylor 1975, section 4.7.
    """
    total = step = 0.0
    for lost in range(replica_count):
        down = (replica_count - lost) * shard_rate
        step = 1 / down + lost * repair_rate / down * step
        total += step
    return total


@dataclass(frozen=True, slots=True)
class Estimate:
    """What trials gave.

    Args:
        mean: Over the trials.
        error: Standard error of the mean.
    """

    mean: float
    error: float


def years_to_loss_trials(model: LossModel, *, trials: int, seed: int) -> Estimate:
    """Return the mean years to loss over random histories.

    Each history takes about as many steps as copies are lost and made again before they are
    all gone, so rates as good as real ones take for ever: raise ``shard_rate``.

    Source: Gillespie 1977.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    years = [_history(model, chance) for _ in range(trials)]
    mean = sum(years) / trials
    variance = sum((year - mean) ** 2 for year in years) / max(1, trials - 1)
    return Estimate(mean, math.sqrt(variance / trials))


def _history(model: LossModel, chance: random.Random) -> float:
    years, live = 0.0, model.whole
    while live != _LOST:
        steps = model.steps(live)
        years += chance.expovariate(sum(steps.values()))
        live = chance.choices(list(steps), list(steps.values()))[0]
    return years


def loss_probability(mean_years: float, *, years: float = 1.0) -> float:
    """Return the probability of a loss within some years, given the mean years to one."""
    return -math.expm1(-years / mean_years)
