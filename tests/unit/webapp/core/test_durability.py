import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.durability import (
    LossModel,
    loss_probability,
    years_to_loss,
    years_to_loss_formula,
    years_to_loss_trials,
)

RATES = st.floats(1e-4, 1.0)
REPAIRS = st.floats(1.0, 1e5)


def alone(replicas, rate, repair):
    """Copies in zones of their own that are never lost as a whole."""
    return LossModel((1,) * replicas, rate, 0.0, repair)


def test_a_single_copy_lasts_as_long_as_its_shard():
    assert years_to_loss(alone(1, 0.1, 365)) == pytest.approx(10)


def test_two_copies_last_as_long_as_the_textbook_says_of_a_mirror():
    rate, repair = 0.05, 365.0
    expected = (3 * rate + repair) / (2 * rate**2)
    assert years_to_loss(alone(2, rate, repair)) == pytest.approx(expected, rel=1e-12)


@given(replicas=st.integers(1, 6), rate=RATES, repair=REPAIRS)
def test_elimination_and_closed_form_agree(replicas, rate, repair):
    exact = years_to_loss(alone(replicas, rate, repair))
    formula = years_to_loss_formula(replica_count=replicas, shard_rate=rate, repair_rate=repair)
    assert exact == pytest.approx(formula, rel=1e-9)


@given(replicas=st.integers(1, 5), rate=RATES, repair=REPAIRS)
def test_one_more_copy_lasts_longer(replicas, rate, repair):
    fewer, more = alone(replicas, rate, repair), alone(replicas + 1, rate, repair)
    assert years_to_loss(more) > years_to_loss(fewer)


@given(rate=RATES, repair=REPAIRS)
def test_slower_repair_loses_sooner(rate, repair):
    assert years_to_loss(alone(3, rate, repair / 2)) < years_to_loss(alone(3, rate, repair))


@given(rate=RATES, zone_rate=RATES, repair=REPAIRS)
def test_more_zones_last_longer_where_zones_fail(rate, zone_rate, repair):
    one, two, three = (
        years_to_loss(LossModel(shape, rate, zone_rate, repair))
        for shape in ((3,), (2, 1), (1, 1, 1))
    )
    assert one < two < three


def test_copies_in_one_zone_last_no_longer_than_the_zone():
    model = LossModel((3,), 1e-9, 0.01, 1e4)
    assert years_to_loss(model) == pytest.approx(100, rel=1e-6)


def test_nothing_that_fails_loses_nothing():
    assert years_to_loss(LossModel((1, 1), 0.0, 0.0, 1.0)) == math.inf
    assert loss_probability(math.inf) == 0.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 1), (2, 1), (2, 2)])
def test_random_histories_agree_with_the_exact_answer(shape):
    model = LossModel(shape, 1.0, 0.2, 5.0)
    found = years_to_loss_trials(model, trials=3000, seed=7)
    assert abs(found.mean - years_to_loss(model)) < 4 * found.error


def test_a_seed_gives_the_same_histories():
    model = LossModel((1, 1), 1.0, 0.0, 5.0)
    once, again = (years_to_loss_trials(model, trials=50, seed=3) for _ in range(2))
    assert once == again


def test_probability_is_that_of_an_exponential_lifetime():
    assert loss_probability(10.0, years=10.0) == pytest.approx(1 - math.exp(-1))
