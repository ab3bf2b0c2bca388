import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import MalformedIdError
from webapp.core.ids import (
    ALPHABET,
    ID_LENGTH,
    MAX_VERSION,
    Kind,
    all_partitions,
    id_make,
    id_parse,
    number_decode,
    number_encode,
)


@given(kind=st.sampled_from(Kind), version=st.integers(0, MAX_VERSION))
def test_an_id_round_trips(kind, version):
    image_id = id_make(kind=kind, version=version)
    text = str(image_id)
    assert len(text) == ID_LENGTH
    assert id_parse(text) == image_id
    assert (image_id.kind, image_id.version) == (kind, version)
    assert image_id.partition == text[4:7]


@given(number=st.integers(0, MAX_VERSION))
def test_numbers_round_trip_in_three_characters(number):
    text = number_encode(number)
    assert len(text) == 3
    assert number_decode(text) == number


@pytest.mark.parametrize("number", [-1, MAX_VERSION + 1])
def test_a_version_that_does_not_fit_is_refused(number):
    with pytest.raises(ValueError, match="not between"):
        id_make(kind=Kind.PUBLIC, version=number)


@given(text=st.text(max_size=40))
def test_no_text_but_an_id_is_parsed(text):
    try:
        parsed = id_parse(text)
    except MalformedIdError:
        return
    assert str(parsed) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p",
        "p" + "0" * 22,
        "p" + "0" * 24,
        "x" + "0" * 23,
        "P" + "0" * 23,
        "p" + "0" * 22 + "u",
        "p" + "0" * 22 + "i",
        "p" + "0" * 22 + "l",
        "p" + "0" * 22 + "o",
        "p" + "0" * 23 + "\n",
        "p" + "\u0660" * 23,
    ],
)
def test_look_alikes_are_refused(text):
    with pytest.raises(MalformedIdError):
        id_parse(text)


def test_ids_do_not_repeat():
    assert len({str(id_make(kind=Kind.PUBLIC, version=0)) for _ in range(10_000)}) == 10_000


def test_partitions_are_all_different_and_in_order():
    partitions = all_partitions()
    assert partitions[0] == "000"
    assert partitions[-1] == ALPHABET[-1] * 3
    assert partitions == sorted(set(partitions))
    assert len(partitions) == MAX_VERSION + 1
