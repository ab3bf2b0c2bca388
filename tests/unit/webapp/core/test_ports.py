import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.ports import Ports

numbers = st.integers(1, 65535)


@given(first=numbers, last=numbers, port=numbers)
def test_a_range_holds_both_its_ends_and_what_lies_between(first, last, port):
    first, last = sorted((first, last))
    assert (port in Ports([f"{first}-{last}"])) == (first <= port <= last)


def test_no_port_is_in_none():
    assert 80 not in Ports([])


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1", "90-80", "1-2-3", "80,443"])
def test_what_is_no_port_stops_the_start(text):
    with pytest.raises(ValueError, match=r"port|literal"):
        Ports([text])
