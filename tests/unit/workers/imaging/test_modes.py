"""Every pixel mode a file can hold comes out in the colours that were meant."""

import io
import struct

import pytest
from PIL import Image, ImageCms

from tests.unit.workers.imaging.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    encoded,
    is_near,
    is_upright,
    png,
    quadrants,
    shown,
)
from workers.imaging.render import render

SIDE = 16


def plain(file):
    """The middle of the picture, as rendered without loss of position."""
    rendered = render(file)
    image = shown(rendered.renditions["w320.webp"])
    return image.getpixel((image.width // 2, image.height // 2))


def flat_png(*, depth, colour_type, pixel, chunks=()):
    row = b"\0" + pixel * SIDE
    return png(SIDE, SIDE, depth=depth, colour_type=colour_type, rows=row * SIDE, chunks=chunks)


@pytest.mark.parametrize(
    "image_format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "TIFF", "BMP"]
)
def test_rgb_in_every_format(image_format):
    assert is_upright(shown(render(encoded(quadrants(), image_format)).renditions["w320.webp"]))


@pytest.mark.parametrize("quality", [75, 95])
def test_cmyk_jpeg_as_adobe_writes_it_inverted(quality):
    file = encoded(quadrants(mode="CMYK"), "JPEG", quality=quality)
    assert is_upright(shown(render(file).renditions["w320.webp"]))


def test_cmyk_tiff():
    file = encoded(quadrants(mode="CMYK"), "TIFF")
    assert is_upright(shown(render(file).renditions["w320.webp"]))


def test_lab_tiff():
    lab = ImageCms.profileToProfile(
        quadrants(),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert is_upright(shown(render(encoded(lab, "TIFF")).renditions["w320.webp"]))


def test_progressive_jpeg():
    file = encoded(quadrants(), "JPEG", progressive=True)
    assert is_upright(shown(render(file).renditions["w320.webp"]))


def test_palette_without_transparency():
    rendered = render(encoded(quadrants(mode="P"), "PNG"))
    assert is_upright(shown(rendered.renditions["w320.jpg"]))


def test_palette_with_alpha_keeps_its_transparency():
    image = Image.new("P", (SIDE, SIDE), 1)
    image.putpalette([*RED, *GREEN])
    image.paste(0, (0, 0, SIDE // 2, SIDE))
    rendered = render(encoded(image, "PNG", transparency=bytes([0, 255])))
    left, right = (shown(rendered.renditions["w320.png"]).getpixel((x, 8)) for x in (2, 13))
    assert left[3] == 0
    assert right == (*GREEN, 255)


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (32_768, 128), (65_535, 255)])
@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_not_clipped(image_format, value, expected):
    file = encoded(Image.new("I;16", (SIDE, SIDE), value), image_format)
    assert is_near(plain(file)[:3], (expected,) * 3, 3)


def test_16_bit_grey_with_a_transparent_value():
    key = (b"tRNS", struct.pack(">H", 1000))
    file = flat_png(depth=16, colour_type=0, pixel=struct.pack(">H", 1000), chunks=[key])
    assert render(file).picture.transparent


def test_16_bit_rgb():
    file = flat_png(depth=16, colour_type=2, pixel=struct.pack(">3H", 65_535, 0, 32_768))
    assert is_near(plain(file)[:3], (255, 0, 128))


def test_16_bit_rgb_with_alpha():
    file = flat_png(depth=16, colour_type=6, pixel=struct.pack(">4H", 0, 65_535, 0, 32_768))
    assert is_near(plain(file), (0, 255, 0, 128))


def test_16_bit_grey_with_alpha():
    file = flat_png(depth=16, colour_type=4, pixel=struct.pack(">2H", 32_768, 32_768))
    assert is_near(plain(file), (128, 128, 128, 128), 3)


def test_grey_with_alpha():
    file = encoded(Image.new("LA", (SIDE, SIDE), (100, 200)), "PNG")
    assert is_near(plain(file), (100, 100, 100, 200), 3)


def test_grey_stays_grey():
    file = encoded(Image.new("L", (SIDE, SIDE), 100), "JPEG")
    rendition = render(file).renditions["w320.jpg"]
    assert Image.open(io.BytesIO(rendition.data)).mode == "L"


def test_one_bit():
    file = encoded(Image.new("1", (SIDE, SIDE), 1), "PNG")
    assert is_near(plain(file)[:3], (255, 255, 255), 3)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bit_goes_from_its_darkest_to_its_brightest(mode):
    image = Image.new(mode, (SIDE, SIDE), -1000)
    image.paste(1_000_000, (0, 0, SIDE, SIDE // 2))
    pixels = shown(render(encoded(image, "TIFF")).renditions["w320.webp"])
    assert is_near(pixels.getpixel((8, 2)), (255, 255, 255, 255), 6)
    assert is_near(pixels.getpixel((8, 13)), (0, 0, 0, 255), 6)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_floats_without_a_range_are_black(value):
    file = encoded(Image.new("F", (SIDE, SIDE), value), "TIFF")
    assert is_near(plain(file)[:3], (0, 0, 0), 3)


def test_the_first_page_of_a_tiff():
    file = encoded(quadrants(), "TIFF", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    rendered = render(file)
    assert is_upright(shown(rendered.renditions["w320.webp"]))
    assert rendered.picture.frames == 1


def test_the_first_view_of_an_mpo():
    file = encoded(quadrants(), "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))])
    rendered = render(file)
    assert is_upright(shown(rendered.renditions["w320.webp"]))
    assert rendered.picture.frames == 1


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_the_first_frame_of_an_animation(image_format):
    others = [Image.new("RGB", (96, 64), colour) for colour in (BLUE, WHITE)]
    file = encoded(quadrants(), image_format, save_all=True, append_images=others, duration=100)
    rendered = render(file)
    assert is_upright(shown(rendered.renditions["w320.webp"]))
    assert rendered.picture.frames == 3


@pytest.mark.parametrize("image_format", ["JPEG", "HEIF"])
def test_a_photo_with_a_film_behind_it_is_the_photo(image_format):
    film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x10mdat" + b"frames.."
    box = struct.pack(">I4s", 8 + len(film), b"mpvd")  # as phones wrap it in HEIC
    body = encoded(quadrants(), image_format).getvalue()
    rendered = render(io.BytesIO(body + (box if image_format == "HEIF" else b"") + film))
    assert rendered.picture.frames == 1
    assert is_upright(shown(rendered.renditions["w320.webp"]).convert("RGB"))
