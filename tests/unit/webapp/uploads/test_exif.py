import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.webapp.uploads.samples import (
    SECRET,
    STRIP_ALL,
    STRIP_LOCATION,
    camera_exif,
    directory,
    text,
    tiff_block,
)
from webapp.intake.containers.source import Source
from webapp.intake.containers.tiff import find_orientation, read_directory, read_header
from webapp.intake.metadata import exif
from webapp.intake.metadata.exif import clean_exif
from webapp.intake.metadata.tags import INTEROP_TAGS, PHOTO_TAGS

STRUCTURE = {0x0112, 0x8769, 0xA005}
HEADER = b"II*\0\x08\0\0\0"


def clean(block, policy=STRIP_LOCATION):
    return clean_exif(block, policy=policy)


def tags(block):
    """Return the tags of all directories of a block as this project writes it."""
    source = Source.of_bytes(block)
    header = read_header(source)
    found, offsets = set(), [header.first]
    while offsets:
        for entry in read_directory(source, header, offsets.pop()).entries:
            found.add(entry.tag)
            if entry.tag in {0x8769, 0xA005}:
                offsets.append(struct.unpack(header.order + "I", entry.inline)[0])
    return found


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_form_written_is_kept_when_cleaned_again(order):
    cleaned = clean(camera_exif(order))
    assert SECRET not in cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_stays(orientation):
    assert find_orientation(clean(camera_exif(">", orientation))) == orientation


def test_strip_all_says_nothing_of_an_upright_picture():
    assert clean(camera_exif("<", 1), STRIP_ALL) == b""


def test_an_orientation_of_another_kind_is_written_as_every_viewer_reads_it():
    block = HEADER + directory("<", 8, [(0x0112, 4, 1, struct.pack("<I", 3))])
    assert clean(block) == HEADER + directory("<", 8, [(0x0112, 3, 1, struct.pack("<H", 3))])


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_goes(value):
    block = HEADER + directory("<", 8, [(0x0112, 3, 1, struct.pack("<H", value))])
    assert clean(block) == b""


def test_gps_of_60_kilobytes_goes():
    cleaned = clean(tiff_block("<", [text(0x010F, b"Maker")], gps=[text(0x001B, b"x" * 60_000)]))
    assert tags(cleaned) == {0x010F}
    assert len(cleaned) < 100


def test_the_second_directory_goes_with_its_thumbnail():
    first = [text(0x0110, b"Model 7")]
    at = 8 + len(directory("<", 8, first))
    block = HEADER + directory("<", 8, first, at) + directory("<", at, [text(0x010E, SECRET)])
    assert clean(block) == HEADER + directory("<", 8, [(0x0110, 2, 8, b"Model 7\0")])


def test_the_colour_space_of_the_interoperability_directory_stays():
    interop_at = 8 + 18 + 18
    block = (
        HEADER
        + directory("<", 8, [(0x8769, 4, 1, struct.pack("<I", 26))])
        + directory("<", 26, [(0xA005, 4, 1, struct.pack("<I", interop_at))])
        + directory("<", interop_at, [text(0x0001, b"R03"), text(0x1000, SECRET)])
    )
    assert tags(clean(block)) == {0x8769, 0xA005, 0x0001}


@pytest.mark.parametrize("pointer", [0x8769, 0x8825, 0xA005])
def test_directories_that_point_at_themselves_end(pointer):
    block = HEADER + directory("<", 8, [(pointer, 4, 1, struct.pack("<I", 8))], following=8)
    assert clean(block) == b""


@pytest.mark.parametrize("count", [0, 5, 2**16, 2**31, 2**32 - 1])
def test_counts_that_cannot_be_are_dropped_alone(count):
    entries = [(0x010F, 2, count, b"\xff\xff\xff\xff"), (0x0112, 3, 1, b"\6\0")]
    cleaned = clean(HEADER + directory("<", 8, entries))
    assert tags(cleaned) == {0x0112}


def test_a_value_too_long_for_what_it_says_goes():
    assert clean(HEADER + directory("<", 8, [text(0x0131, SECRET * 100)])) == b""


def test_a_tag_of_the_wrong_kind_goes():
    assert clean(HEADER + directory("<", 8, [(0x010F, 7, len(SECRET), SECRET)])) == b""


def test_a_directory_cut_off_keeps_its_orientation():
    whole = camera_exif("<", 8)
    assert find_orientation(clean(whole[: 8 + 2 + 12 * 4])) == 8


@pytest.mark.parametrize("block", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"MM\0*", SECRET])
def test_a_block_that_is_no_tiff_goes(block):
    assert clean(block) == b""


kinds = st.integers(0, 20) | st.just(129)
known_tags = st.sampled_from(
    sorted({*PHOTO_TAGS, *INTEROP_TAGS, *STRUCTURE, 0x8825, 0x927C, 0x02BC})
)
entries = st.tuples(
    known_tags | st.integers(0, 65_535),
    kinds,
    st.integers(0, 600) | st.integers(0, 2**32 - 1),
    st.integers(0, 700) | st.integers(0, 2**32 - 1),
)


@st.composite
def blocks(draw):
    order = draw(st.sampled_from("<>"))
    lines = draw(st.lists(entries, max_size=30))
    packed = b"".join(struct.pack(order + "HHII", *line) for line in lines)
    count = draw(st.just(len(lines)) | st.integers(0, 65_535))
    mark = b"II" if order == "<" else b"MM"
    first = draw(st.just(8) | st.integers(0, 100))
    head = mark + struct.pack(order + "HI", 42, first) + struct.pack(order + "H", count)
    return head + packed + draw(st.binary(max_size=300))


@given(blocks(), st.sampled_from([STRIP_LOCATION, STRIP_ALL]))
def test_any_block_becomes_a_small_one_of_known_tags(block, policy):
    cleaned = clean(block, policy)
    assert find_orientation(cleaned) == find_orientation(block) or policy is STRIP_ALL
    assert clean(cleaned, policy) == cleaned
    assert len(cleaned) < 65_000
    assert not cleaned or tags(cleaned) <= {*PHOTO_TAGS, *INTEROP_TAGS, *STRUCTURE}


@given(st.lists(st.tuples(st.integers(0, 499), st.integers(0, 255)), max_size=20))
def test_any_damage_to_a_block_is_survived(damage):
    block = bytearray(camera_exif())
    for position, value in damage:
        block[position % len(block)] = value
    cleaned = clean(bytes(block))
    assert clean(cleaned) == cleaned


def test_all_tags_at_their_longest_fit_a_segment():
    # Those of a photo may be in both the main and the EXIF directory.
    fields = 2 * len(PHOTO_TAGS) + len(INTEROP_TAGS) + len(STRUCTURE)
    assert fields * (12 + exif._VALUE_BYTES_MAX) < 65_533 - 6 - 26
