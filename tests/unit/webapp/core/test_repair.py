from dataclasses import replace

import hypothesis.strategies as some
import pytest
from hypothesis import given

from webapp.core.repair import Place, Sight, Step, Verb, plan_blob

WANTED = 3


def place(shard, sight, *, home=True, takes_copies=True, stands_in=True):
    return Place(shard, sight, home, takes_copies, stands_in)


@some.composite
def looks(draw):
    wanted = draw(some.integers(1, 4))
    places = [
        Place(
            shard=f"s{number}",
            sight=draw(some.sampled_from(Sight)),
            home=number < wanted,
            takes_copies=draw(some.booleans()),
            stands_in=draw(some.booleans()),
            expected=draw(some.booleans()),
        )
        for number in range(draw(some.integers(1, 6)))
    ]
    return places, wanted


def by_name(places):
    return {place.shard: place for place in places}


@given(looks())
def test_nothing_good_is_written_over(look):
    places, wanted = look
    for step in plan_blob(places, wanted=wanted).writes:
        assert by_name(places)[step.shard].sight in {Sight.ABSENT, Sight.STALE, Sight.BAD}


@given(looks())
def test_a_bad_copy_is_put_aside_before_it_is_written_over_or_removed(look):
    places, wanted = look
    plan = plan_blob(places, wanted=wanted)
    for step in (*plan.writes, *plan.removals):
        bad = by_name(places)[step.shard].sight is Sight.BAD
        assert bad == (step.verb in {Verb.REPLACE, Verb.DISCARD})


@given(looks())
def test_what_cannot_tell_is_left_alone(look):
    places, wanted = look
    plan = plan_blob(places, wanted=wanted)
    touched = {step.shard for step in (*plan.writes, *plan.removals)}
    assert not touched & {place.shard for place in places if place.sight is Sight.SILENT}


@given(looks())
def test_something_is_removed_only_while_every_home_was_read_and_is_good(look):
    places, wanted = look
    plan = plan_blob(places, wanted=wanted)
    homes = [place for place in places if place.home]
    if plan.removals:
        assert len(homes) >= wanted
        assert {place.sight for place in homes} == {Sight.GOOD}
        assert not {step.shard for step in plan.removals} & {place.shard for place in homes}


@given(looks())
def test_doing_all_of_a_plan_leaves_nothing_to_write(look):
    places, wanted = look
    plan = plan_blob(places, wanted=wanted)
    written = {step.shard for step in plan.writes}
    after = [
        replace(place, sight=Sight.GOOD) if place.shard in written else place for place in places
    ]
    assert plan_blob(after, wanted=wanted).writes == ()


@given(looks())
def test_lost_is_never_said_while_somebody_cannot_tell(look):
    places, wanted = look
    plan = plan_blob(places, wanted=wanted)
    assert not (plan.lost and any(place.sight is Sight.SILENT for place in places))


def test_a_home_that_lacks_a_copy_gets_one():
    places = [place("a", Sight.GOOD), place("b", Sight.ABSENT), place("c", Sight.TRUSTED)]

    assert plan_blob(places, wanted=WANTED).writes == (Step(Verb.COPY, "b"),)


@pytest.mark.parametrize("away", [Sight.ABSENT, Sight.SILENT])
def test_another_position_stands_in_for_a_home_that_is_away(away):
    places = [
        place("a", Sight.GOOD),
        place("b", away, takes_copies=False),
        place("c", Sight.GOOD),
        place("d", Sight.ABSENT, home=False),
    ]

    assert plan_blob(places, wanted=WANTED).writes == (Step(Verb.COPY, "d"),)


def test_nothing_is_copied_for_a_home_that_is_away_and_most_probably_has_it():
    away = Place("b", Sight.SILENT, home=True, takes_copies=False, stands_in=False, expected=True)
    places = [
        place("a", Sight.GOOD),
        away,
        place("c", Sight.GOOD),
        place("d", Sight.ABSENT, home=False),
    ]

    assert plan_blob(places, wanted=WANTED).writes == ()


def test_a_copy_that_stands_in_goes_once_all_homes_are_good():
    places = [
        place("a", Sight.GOOD),
        place("b", Sight.GOOD),
        place("c", Sight.GOOD),
        place("d", Sight.TRUSTED, home=False),
        place("e", Sight.BAD, home=False),
    ]

    removals = plan_blob(places, wanted=WANTED).removals

    assert removals == (Step(Verb.REMOVE, "d"), Step(Verb.DISCARD, "e"))


def test_a_copy_that_stands_in_stays_while_a_home_was_not_read():
    places = [
        place("a", Sight.GOOD),
        place("b", Sight.TRUSTED),
        place("c", Sight.GOOD),
        place("d", Sight.GOOD, home=False),
    ]

    assert plan_blob(places, wanted=WANTED).removals == ()
