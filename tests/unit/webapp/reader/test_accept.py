"""RFC 9110 sections 12.4.2 (quality values) and 12.5.1 (Accept)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.reader.accept import extensions_preferred

BROWSER = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.mark.parametrize(
    "accept",
    [
        BROWSER,
        "image/webp",
        "image/webp, image/jpeg",
        "IMAGE/WEBP",
        "image/webp;q=0.5, image/jpeg;q=0.5",
        "image/webp, */*;q=0.1",
    ],
)
def test_webp_goes_to_clients_that_name_it(accept):
    assert extensions_preferred(accept, ("webp",))[0] == "webp"


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "image/*",
        "image/jpeg",
        "image/webp;q=0",
        "image/webp;q=0.4, image/jpeg;q=0.5",
        "text/html",
        ",,;;q=",
        "image/webp;q=0.3,image/*;q=0.9",
    ],
)
def test_everybody_else_gets_a_fallback(accept):
    assert extensions_preferred(accept, ("webp",))[0] in {"jpg", "png"}


def test_png_comes_first_for_who_prefers_it():
    assert extensions_preferred("image/png, image/jpeg;q=0.5", ("webp",))[0] == "png"


def test_the_most_specific_range_decides():
    assert extensions_preferred("image/jpeg;q=0.1, image/*;q=0.9", ("webp",))[0] == "png"


@pytest.mark.parametrize(
    ("accept", "first"),
    [
        (BROWSER, "avif"),
        ("image/avif;q=0.5, image/webp", "webp"),
        ("image/webp, image/*", "webp"),
        ("image/avif;q=0, image/webp", "webp"),
        ("*/*", "jpg"),
    ],
)
def test_avif_goes_to_clients_that_like_it_no_less(accept, first):
    assert extensions_preferred(accept, ("avif", "webp"))[0] == first


@given(st.text(max_size=200))
def test_every_extension_is_in_every_answer(accept):
    assert sorted(extensions_preferred(accept, ("webp",))) == ["jpg", "png", "webp"]


@given(st.text(max_size=200))
def test_a_preset_without_avif_is_never_looked_for_as_avif(accept):
    assert "avif" not in extensions_preferred(accept, ("webp",))
