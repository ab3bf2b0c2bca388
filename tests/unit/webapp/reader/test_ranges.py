"""RFC 9110 section 14.1.2 (byte ranges)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.reader.ranges import ByteRange, UnsatisfiableError, range_parse


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-499", 0, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=99-", 99, 100),
        ("bytes=0-", 0, 100),
        ("bytes=-1", 99, 100),
        ("bytes=-500", 0, 100),
        ("BYTES=1-2", 1, 3),
        ("bytes= 1-2 ", 1, 3),
    ],
)
def test_one_range_is_read(text, start, end):
    assert range_parse(text, size=100) == ByteRange(start, end, 100)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=1-2,4-5",
        "bytes=0-0,-1",
        "items=0-5",
        "bytes=0x1-2",
        "bytes=\u0661-\u0662",
        "bytes=" + "9" * 50 + "-",
    ],
)
def test_lists_other_units_and_nonsense_are_ignored(text):
    assert range_parse(text, size=100) is None


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("bytes=100-", 100),
        ("bytes=100-200", 100),
        ("bytes=-0", 100),
        ("bytes=0-", 0),
        ("bytes=-5", 0),
    ],
)
def test_a_range_outside_is_unsatisfiable(text, size):
    with pytest.raises(UnsatisfiableError):
        range_parse(text, size=size)


@given(st.text(alphabet="bytes=0123456789-, ", max_size=20), st.integers(0, 1000))
def test_a_range_lies_inside_the_blob(text, size):
    try:
        part = range_parse("bytes=" + text, size=size)
    except UnsatisfiableError:
        return
    assert part is None or 0 <= part.start < part.end <= size


def test_content_range_names_the_last_byte_and_the_size():
    assert ByteRange(10, 20, 100).content_range == "bytes 10-19/100"
