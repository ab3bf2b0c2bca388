import operator
import struct

import pytest
from PIL import Image, ImageCms

from tests.unit.workers.imaging.pictures import encoded, is_near, shown
from webapp.core.presets import PRESETS
from workers.imaging.colour import to_srgb
from workers.imaging.decode import decode
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


# The colours of the screens of phones, as their profile has them: under D50, columns R G B.
P3 = ((0.51512, 0.29198, 0.1571), (0.2412, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407))
S_RGB = ((0.43607, 0.38515, 0.14307), (0.22249, 0.71687, 0.06061), (0.01392, 0.09708, 0.7141))


def p3_profile():
    """The profile of sRGB with other primaries: tags of type XYZ, s15Fixed16."""
    profile = bytearray(SRGB)
    for number in range(int.from_bytes(SRGB[128:132])):
        tag, offset, _ = struct.unpack_from(">4sII", SRGB, 132 + 12 * number)
        if tag in (b"rXYZ", b"gXYZ", b"bXYZ"):
            column = b"rgb".index(tag[0])
            struct.pack_into(">3i", profile, offset + 8, *(round(65536 * r[column]) for r in P3))
    return bytes(profile)


def by_hand(colour):
    """P3 → sRGB by arithmetic alone: linear light, XYZ, linear light, clipped."""
    light = [_linear(value / 255) for value in colour]
    xyz = [sum(map(operator.mul, row, light)) for row in P3]
    return [round(255 * _curved(min(max(value, 0), 1))) for value in _solved(S_RGB, xyz)]


def _linear(value):
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _curved(value):
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _solved(matrix, values):
    """Cramer's rule."""
    columns = list(zip(*matrix, strict=True))
    return [
        _determinant([values if at == n else column for at, column in enumerate(columns)])
        / _determinant(columns)
        for n in range(3)
    ]


def _determinant(columns):
    (a, d, g), (b, e, h), (c, f, i) = columns
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


@pytest.mark.parametrize(
    "colour", [(240, 120, 30), (128, 128, 128), (30, 200, 90), (10, 40, 160), (255, 255, 255)]
)
def test_wide_colours_come_out_as_arithmetic_has_them(colour):
    file = encoded(Image.new("RGB", (64, 64), colour), "PNG", icc_profile=p3_profile())
    decoded = decode(file, presets=PRESETS)
    seen = to_srgb(decoded.image, decoded.profile).getpixel((32, 32))
    assert is_near(seen, by_hand(colour), 2)
