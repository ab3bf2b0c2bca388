"""RFC 9110 sections 8.8.3.2 (comparison), 13.1 (preconditions), 13.2.2 (precedence)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.reader.etags import (
    Verdict,
    date_format,
    date_parse,
    none_match_known,
    preconditions,
    range_applies,
)

STRONG = '"abc"'
WEAK = 'W/"abc/w320.webp"'
MODIFIED = 1_700_000_000.6
THEN = date_format(1_700_000_000)
BEFORE = date_format(1_699_999_999)
AFTER = date_format(1_700_000_001)


def verdict(etag=STRONG, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return preconditions(named, etag=etag, modified=MODIFIED)


@pytest.mark.parametrize(
    "value", ['"abc"', 'W/"abc"', '"x", "abc"', ' "x" ,W/"abc" ', '"x",,"abc"', "*"]
)
def test_if_none_match_compares_weakly_and_takes_lists(value):
    assert verdict(if_none_match=value) is Verdict.NOT_MODIFIED


@pytest.mark.parametrize("value", ['"ab"', "abc", '"abc', '"abc" "d"', "", '"*"', 'w/"abc"'])
def test_if_none_match_passes_over_other_and_malformed_tags(value):
    assert verdict(if_none_match=value) is Verdict.GO_ON


def test_if_none_match_beats_if_modified_since():
    assert verdict(if_none_match='"other"', if_modified_since=AFTER) is Verdict.GO_ON


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (BEFORE, Verdict.GO_ON),
        (THEN, Verdict.NOT_MODIFIED),
        (AFTER, Verdict.NOT_MODIFIED),
        ("yesterday", Verdict.GO_ON),
    ],
)
def test_if_modified_since_compares_whole_seconds(date, expected):
    assert verdict(if_modified_since=date) is expected


@pytest.mark.parametrize("value", ['"abc"', "*", '"x", "abc"'])
def test_if_match_with_the_tag_goes_on(value):
    assert verdict(if_match=value) is Verdict.GO_ON


@pytest.mark.parametrize("value", ['"x"', 'W/"abc"', ""])
def test_if_match_compares_strongly(value):
    assert verdict(if_match=value) is Verdict.FAILED


def test_if_match_never_matches_a_weak_tag():
    assert verdict(WEAK, if_match=WEAK) is Verdict.FAILED


def test_if_match_comes_before_if_none_match():
    assert verdict(if_match='"x"', if_none_match='"abc"') is Verdict.FAILED


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (BEFORE, Verdict.FAILED),
        (THEN, Verdict.GO_ON),
        ("nonsense", Verdict.GO_ON),
    ],
)
def test_if_unmodified_since(date, expected):
    assert verdict(if_unmodified_since=date) is expected


def test_if_match_beats_if_unmodified_since():
    assert verdict(if_match='"abc"', if_unmodified_since=BEFORE) is Verdict.GO_ON


def test_a_known_tag_is_found_without_the_blob():
    assert none_match_known({"if-none-match": f'"x", {STRONG}'}, [WEAK, STRONG]) == STRONG


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"if-none-match": "*"},
        {"if-none-match": '"other"'},
        {"if-none-match": STRONG, "if-match": STRONG},
        {"if-none-match": STRONG, "if-unmodified-since": THEN},
        {"if-modified-since": AFTER},
    ],
)
def test_what_asks_about_the_blob_needs_the_blob(headers):
    assert none_match_known(headers, [STRONG]) is None


@pytest.mark.parametrize(
    ("if_range", "etag", "expected"),
    [
        (None, STRONG, True),
        (STRONG, STRONG, True),
        ('"other"', STRONG, False),
        ('W/"abc"', STRONG, False),
        (WEAK, WEAK, False),
        (THEN, STRONG, True),
        (AFTER, STRONG, False),
        (BEFORE, STRONG, False),
        ("nonsense", STRONG, False),
    ],
)
def test_if_range_compares_strongly_or_the_very_date(if_range, etag, expected):
    assert range_applies(if_range, etag=etag, modified=MODIFIED) is expected


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ],
)
def test_all_three_forms_of_a_date_are_read(text):
    assert date_parse(text) == 784111777


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text):
    assert date_parse(text) is None or isinstance(date_parse(text), int)


@given(st.text(alphabet='W/"abc,* \t', max_size=40))
def test_any_list_of_tags_is_compared_without_an_error(text):
    assert verdict(if_none_match=text, if_match=text) in Verdict
