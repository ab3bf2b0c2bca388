"""No user takes every place: each holds some, and the rest stay for others."""

from contextlib import ExitStack, suppress

import pytest

from webapp.core.errors import BusyError
from webapp.uploads.admission import Admission


@pytest.fixture
def admission():
    return Admission()


@pytest.fixture
def limit(settings):
    def set_limit(*, together, each=0):
        values = {"max_uploads_in_flight": together, "max_uploads_in_flight_per_user": each}
        settings.SHOEBOX = settings.SHOEBOX.model_copy(update=values)

    return set_limit


def hold(stack, admission, user, *, times):
    for _ in range(times):
        stack.enter_context(admission.place()).take(user)


def test_a_user_holds_as_many_as_set_and_others_still_get_in(admission, limit):
    limit(together=10, each=2)
    with ExitStack() as held:
        hold(held, admission, "ann", times=2)
        with pytest.raises(BusyError, match="2 of your uploads"), admission.place() as place:
            place.take("ann")
        hold(held, admission, "bob", times=2)


def test_unless_set_a_tenth_of_the_places_stays_for_others(admission, limit):
    limit(together=10)
    with ExitStack() as held:
        hold(held, admission, "ann", times=9)
        with pytest.raises(BusyError, match="9 of your"), admission.place() as place:
            place.take("ann")
        hold(held, admission, "bob", times=1)


def test_a_place_is_given_back_after_any_error(admission, limit):
    limit(together=10, each=1)
    with suppress(KeyboardInterrupt), admission.place() as place:
        place.take("ann")
        raise KeyboardInterrupt
    with admission.place() as place:
        place.take("ann")


def test_one_who_was_refused_does_not_hold_a_place(admission, limit):
    limit(together=10, each=1)
    with ExitStack() as held:
        hold(held, admission, "ann", times=1)
        with pytest.raises(BusyError), admission.place() as place:
            place.take("ann")
    with admission.place() as place:
        place.take("ann")
