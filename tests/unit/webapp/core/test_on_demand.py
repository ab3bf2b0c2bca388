import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import MalformedRequestError
from webapp.core.on_demand import SIDE_MAX, OnDemandSize, is_on_demand, size_make, size_parse
from webapp.core.presets import PRESETS, RENDITION_TYPES

SIDES = st.integers(1, SIDE_MAX)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("w640h480fit", OnDemandSize(640, 480, crop=False)),
        ("w640h480crop", OnDemandSize(640, 480, crop=True)),
        ("w640fit", OnDemandSize(640, None, crop=False)),
        ("h480fit", OnDemandSize(None, 480, crop=False)),
        ("w1h1crop", OnDemandSize(1, 1, crop=True)),
        ("w4096h4096fit", OnDemandSize(4096, 4096, crop=False)),
    ],
)
def test_a_name_says_the_size(name, size):
    assert (size_parse(name), str(size)) == (size, name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "fit", "crop", "w640", "h480", "w640h480", "w640crop", "h480crop", "whfit"),
        *("w0h480fit", "w640h0crop", "w0640h480fit", "w640h0480fit", "w+640fit", "w-1fit"),
        *("w4097h1fit", "w1h4097crop", "w99999fit", "h480w640fit", "W640h480fit", "w640h480Fit"),
        *("w640h480fitcrop", "w640h480fit ", " w640fit", "w640h480fit\n", "w\u0661fit", "w6.4fit"),
    ],
)
def test_any_other_writing_is_none(name):
    assert size_parse(name) is None


@given(SIDES | st.none(), SIDES | st.none(), st.booleans())
def test_each_size_has_one_name(width, height, crop):
    if (not width and not height) or (crop and not (width and height)):
        return
    size = OnDemandSize(width, height, crop=crop)
    assert size_parse(str(size)) == size


@given(st.text(max_size=24))
def test_any_text_is_parsed_without_an_error(text):
    size = size_parse(text)
    assert size is None or str(size) == text


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_no_preset_can_be_taken_for_one(preset):
    assert size_parse(preset.name) is None


@pytest.mark.parametrize(
    ("width", "height", "mode"),
    [
        *((None, None, "fit"), (640, None, "crop"), (None, 480, "crop"), (640, 480, "stretch")),
        *((0, 480, "fit"), (-1, 480, "fit"), (SIDE_MAX + 1, 480, "crop")),
    ],
)
def test_a_size_that_cannot_be_is_refused_with_its_value(width, height, mode):
    with pytest.raises(MalformedRequestError):
        size_make(width=width, height=height, mode=mode)


@pytest.mark.parametrize("extension", RENDITION_TYPES)
def test_its_recipe_makes_one_format(extension):
    preset = size_make(width=640, height=480, mode="crop").preset(extension)
    assert preset.extensions(transparent=True) == (extension,)


@pytest.mark.parametrize(
    ("file", "made"),
    [
        *(("w640h480fit.webp", True), ("h480fit.avif", True), ("w800.webp", False)),
        *(("w640fit.gif", False), ("w640fit", False), ("original", False), ("tombstone", False)),
        *(("manifest.json", False), ("w640fit.webp.webp", False)),
    ],
)
def test_a_blob_made_on_demand_is_told_by_its_name(file, made):
    assert is_on_demand(file) is made
