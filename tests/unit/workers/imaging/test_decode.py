"""What decoders refuse is told apart: by whom, and for what reason."""

import io
import random

import pytest
from PIL import Image

from tests.unit.workers.imaging.pictures import FORMATS, encoded, noise, png, quadrants
from workers.imaging.decode import _refusal
from workers.imaging.errors import CodecMissingError, ImagingError, NotDecodableError
from workers.imaging.render import render


def refusal_of(data):
    with pytest.raises(NotDecodableError) as caught:
        render(io.BytesIO(data))
    return caught.value.code


def bytes_of(image_format):
    return encoded(noise(120, 90), image_format).getvalue()


@pytest.mark.parametrize("image_format", sorted({*FORMATS} - {"AVIF", "WEBP"}))
def test_half_a_file_is_truncated(image_format):
    data = bytes_of(image_format)
    assert refusal_of(data[: len(data) // 2]) == "truncated"


@pytest.mark.parametrize("image_format", ["AVIF", "WEBP"])
def test_half_a_file_is_refused_where_the_library_does_not_say_why(image_format):
    data = bytes_of(image_format)
    assert refusal_of(data[: len(data) // 2]) == "not-decodable"


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_file_cut_anywhere_is_refused_or_rendered_but_nothing_else(image_format):
    data = bytes_of(image_format)
    for end in range(0, len(data), max(1, len(data) // 60)):
        render_or_refuse(data[:end])


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_file_with_wrong_bytes_is_refused_or_rendered_but_nothing_else(image_format):
    source = random.Random(7)  # the same wrong bytes every time
    data = bytes_of(image_format)
    for _ in range(40):
        broken = bytearray(data)
        for _ in range(4):
            broken[source.randrange(min(len(broken), 600))] = source.randrange(256)
        render_or_refuse(bytes(broken))


def render_or_refuse(data):
    try:
        assert render(io.BytesIO(data)).renditions
    except (ImagingError, MemoryError):
        return


@pytest.mark.parametrize("image_format", FORMATS)
def test_garbage_after_a_good_beginning_is_refused(image_format):
    beginning = encoded(quadrants(), image_format).getvalue()[:40]
    assert refusal_of(beginning + b"\x5a" * 5000) in {"not-decodable", "truncated"}


def test_an_empty_file_is_no_picture():
    assert refusal_of(b"") == "unsupported-type"


@pytest.mark.parametrize("beginning", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe"])
def test_formats_pillow_knows_and_we_do_not_take_are_refused(beginning):
    assert refusal_of(beginning) == "unsupported-type"


@pytest.mark.parametrize("side", [8000, 60_000])
def test_a_png_of_too_many_pixels_is_refused_from_its_header(side):
    bomb = png(side, side, depth=8, colour_type=0, rows=b"\0" * 1000)
    assert refusal_of(bomb.getvalue()) == "too-many-pixels"


def announcing(image_format, marker, size):
    """A small file whose header says ``size`` after ``marker``."""
    data = bytearray(encoded(quadrants(), image_format).getvalue())
    at = data.index(marker) + len(marker)
    data[at : at + len(size)] = size
    return bytes(data)


def test_a_gif_of_too_many_pixels_is_refused():
    side = (8000).to_bytes(2, "little")
    assert refusal_of(announcing("GIF", b"GIF87a", side * 2)) == "too-many-pixels"


def jpeg_of(side):
    return announcing("JPEG", b"\xff\xc0\x00\x11\x08", side.to_bytes(2) * 2)


def test_a_jpeg_of_too_many_pixels_is_refused():
    assert refusal_of(jpeg_of(10_001)) == "too-many-pixels"


def test_a_jpeg_may_have_more_pixels_than_others():
    assert render(io.BytesIO(jpeg_of(9_999))).picture.width == 9_999


def test_a_picture_without_pixels_is_refused():
    empty = png(0, 0, depth=8, colour_type=0, rows=b"")
    assert refusal_of(empty.getvalue()) == "not-decodable"


def test_a_file_may_go_on_after_its_picture():
    data = encoded(quadrants(), "JPEG").getvalue() + b"PK\3\4 and a zip file"
    assert render(io.BytesIO(data)).picture.width == 96


def test_broken_frames_after_the_first_do_not_matter():
    frames = [noise(64, 64, "L"), noise(64, 64, "L").rotate(90)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]).getvalue()
    assert render(io.BytesIO(data[:-1000])).picture.width == 64


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("OSError: decoder libtiff not available", CodecMissingError),
        ("RuntimeError: Unsupported feature: Unsupported codec", CodecMissingError),
        ("ValueError: No codec available", CodecMissingError),
        ("OSError: Memory allocation error", MemoryError),
        ("Memory allocation error: Security limit exceeded: iloc", NotDecodableError),
        ("OSError: image file is truncated", NotDecodableError),
        ("KeyError: 7", NotDecodableError),
    ],
)
def test_what_libraries_say_in_words_is_told_apart(said, expected):
    assert type(_refusal(said)) is expected


def test_warnings_of_decoders_stay_inside(recwarn):
    data = bytearray(encoded(quadrants(mode="P"), "PNG", transparency=0).getvalue())
    render(io.BytesIO(bytes(data)))
    assert not recwarn.list


def test_pillow_would_refuse_what_is_twice_over_the_limit_itself():
    render(encoded(quadrants(), "PNG"))
    assert Image.MAX_IMAGE_PIXELS == 50_000_000
