import struct

import pytest
from PIL import Image, ImageCms

from tests.unit.workers.imaging.pictures import encoded, is_near, shown
from workers.imaging.render import render

ORANGE = (240, 120, 30)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LINEAR = struct.pack(">4sII", b"curv", 0, 0)


def with_red_and_green_exchanged():
    """A profile under which the first channel is green."""
    exchanged = SRGB.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ")
    return exchanged.replace(b"?XYZ", b"gXYZ")


def grey_profile():
    """The smallest profile there is: a white point, and grey without any gamma."""
    white = struct.pack(">4sI3i", b"XYZ ", 0, 63_190, 65_536, 54_061)
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, len(white), b"kTRC", 176, len(LINEAR))
    body = tags + white + LINEAR
    header = struct.pack(
        ">I4sI4s4s4s12x4s",
        128 + len(body),
        b"lcms",
        0x02_10_00_00,
        b"mntr",
        b"GRAY",
        b"XYZ ",
        b"acsp",
    )
    illuminant = struct.pack(">3i", 63_190, 65_536, 54_061)
    return header.ljust(68, b"\0") + illuminant.ljust(60, b"\0") + body


def colour_of(mode, colour, profile, image_format="PNG"):
    file = encoded(Image.new(mode, (16, 16), colour), image_format, icc_profile=profile)
    return shown(render(file).renditions["w320.webp"]).getpixel((8, 8))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_colours_are_converted_to_srgb(image_format):
    red, green, _, _ = colour_of("RGB", ORANGE, with_red_and_green_exchanged(), image_format)
    assert green > red + 60


def test_srgb_changes_nothing():
    assert is_near(colour_of("RGB", ORANGE, SRGB)[:3], ORANGE, 6)


def test_alpha_passes_a_conversion_untouched():
    red, green, _, alpha = colour_of("RGBA", (*ORANGE, 77), with_red_and_green_exchanged())
    assert green > red
    assert alpha == 77


def test_grey_with_a_profile_is_converted():
    assert is_near(colour_of("L", 55, grey_profile())[:3], (128, 128, 128), 4)


def test_grey_with_alpha_and_a_profile_is_converted():
    assert is_near(colour_of("LA", (55, 77), grey_profile()), (128, 128, 128, 77), 4)


@pytest.mark.parametrize(
    "garbage", [b"x", b"garbage" * 50, SRGB[:200], SRGB[:128] + b"\xff" * 400, grey_profile()]
)
def test_a_profile_that_is_garbage_or_for_other_pixels_is_ignored(garbage):
    assert is_near(colour_of("RGB", ORANGE, garbage)[:3], ORANGE, 6)


def test_a_profile_for_other_inks_is_ignored():
    seen = colour_of("CMYK", (0, 255, 255, 0), SRGB, "JPEG")
    assert is_near(seen[:3], (255, 0, 0), 12)
