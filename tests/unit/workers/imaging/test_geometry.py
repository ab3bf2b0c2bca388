import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.on_demand import size_parse
from webapp.core.presets import PRESETS, Preset
from workers.imaging.geometry import (
    SIDE_MAX,
    cut_of,
    is_large_enough,
    scale_of,
    target_size,
    working_size,
)

THUMB = Preset("thumb", 256, 256, crop=True)
W800 = Preset("w800", 800)
sizes = st.tuples(st.integers(1, 65_535), st.integers(1, 65_535))


@pytest.mark.parametrize(
    ("preset", "size", "expected"),
    [
        (W800, (4000, 3000), (800, 600)),
        (W800, (3000, 4000), (800, 1067)),
        (W800, (640, 480), (640, 480)),
        (W800, (65_535, 1), (800, 1)),
        (THUMB, (4000, 3000), (256, 256)),
        (THUMB, (256, 256), (256, 256)),
        (THUMB, (100, 300), (100, 100)),
        (THUMB, (4000, 200), (200, 200)),
        (THUMB, (1, 65_535), (1, 1)),
    ],
)
def test_size_of_a_rendition(preset, size, expected):
    assert target_size(preset, size) == expected


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("w640h480fit", (4000, 3000), (640, 480)),
        ("w640h480fit", (3000, 4000), (360, 480)),
        ("w640h480fit", (8000, 1000), (640, 80)),
        ("w640h480fit", (100, 60), (100, 60)),
        ("w640fit", (3000, 4000), (640, 853)),
        ("h480fit", (3000, 4000), (360, 480)),
        ("h480fit", (65_535, 480), (16_383, 120)),
        ("w640h480crop", (4000, 4000), (640, 480)),
        ("w640h480crop", (600, 600), (600, 450)),
    ],
)
def test_size_of_what_is_made_on_demand(name, size, expected):
    assert target_size(size_parse(name).preset("webp"), size) == expected


def test_a_strip_too_tall_for_webp_is_made_narrower():
    assert target_size(W800, (1000, 60_000)) == (273, SIDE_MAX)


def test_a_crop_takes_the_middle():
    assert cut_of(THUMB, (4000, 3000)) == (500, 0, 3500, 3000)


def test_a_wide_strip_keeps_the_height_its_thumb_needs():
    assert working_size(PRESETS, (8000, 500)) == (4096, 256)


def test_nothing_is_shrunk_before_it_must_be():
    assert working_size(PRESETS, (4000, 3000)) == (1600, 1200)


@given(sizes, st.sampled_from(PRESETS))
def test_nothing_is_enlarged(size, preset):
    width, height = target_size(preset, size)
    assert 1 <= width <= size[0]
    assert 1 <= height <= size[1]


@given(sizes, st.sampled_from(PRESETS))
def test_nothing_is_larger_than_its_preset_or_than_webp_can_hold(size, preset):
    width, height = target_size(preset, size)
    assert width <= preset.width
    assert height <= (preset.height or SIDE_MAX)


@given(sizes, st.sampled_from(PRESETS))
def test_every_preset_fits_into_what_is_kept_for_it(size, preset):
    kept = working_size(PRESETS, size)
    target = target_size(preset, size)
    assert is_large_enough(preset, size=kept, target=target) or min(kept) == 1


@given(sizes, st.sampled_from(PRESETS))
def test_a_scale_shrinks_or_keeps(size, preset):
    assert 0 < scale_of(preset, size) <= 1
