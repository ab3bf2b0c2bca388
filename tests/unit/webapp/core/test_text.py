import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.text import TEXT_LENGTH, clean_filename, clean_text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  two\t words\n", "two words"),
        ("nul\0 and bell\a", "nul and bell"),
        ("right\u202eto left", "rightto left"),
        ("half\ud800", "half"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
        ("e\u0301", "\u00e9"),
        ("e\u200e\u0301", "\u00e9"),
    ],
)
def test_text_is_one_line_of_harmless_characters(sent, kept):
    assert clean_text(sent) == kept


@given(st.text())
def test_cleaning_clean_text_changes_nothing(text):
    assert clean_text(clean_text(text)) == clean_text(text)


@given(st.text(max_size=600))
def test_text_can_always_be_stored_and_encoded(text):
    cleaned = clean_text(text)
    assert len(cleaned) <= TEXT_LENGTH
    assert "\0" not in cleaned.encode().decode()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\one.jpg", "one.jpg"),
        ("..hidden.png", "hidden.png"),
        ("folder/", ""),
    ],
)
def test_a_filename_is_the_last_part_of_a_path(sent, kept):
    assert clean_filename(sent) == kept


def test_a_long_filename_keeps_its_extension():
    assert clean_filename("x" * 4000 + ".jpg").endswith(".jpg")
