import io

import pytest
from PIL import Image, PngImagePlugin

from tests.unit.workers.imaging.pictures import (
    RED,
    corners,
    encoded,
    is_near,
    is_upright,
    quadrants,
    shown,
)
from workers.imaging.render import render

ORIENTATION_TAG = 274
# How an upright picture must be stored for its orientation to bring it back.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def stored(orientation):
    method = STORED[orientation]
    return quadrants() if method is None else quadrants().transpose(method)


def exif(orientation):
    tags = Image.Exif()
    tags[ORIENTATION_TAG] = orientation
    return tags.tobytes()


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_every_orientation_comes_out_upright(image_format, orientation):
    file = encoded(stored(orientation), image_format, exif=exif(orientation))
    assert is_upright(shown(render(file).renditions["w320.webp"]))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_facts_are_those_of_the_upright_picture(image_format):
    picture = render(encoded(stored(6), image_format, exif=exif(6))).picture
    assert (picture.width, picture.height) == (96, 64)


def test_a_lying_photo_is_decoded_large_enough_for_its_upright_width():
    file = encoded(quadrants(600, 4000), "JPEG", exif=exif(6))
    assert render(file).renditions["w1600.jpg"].width == 1600


def test_orientation_in_xmp_alone_is_not_believed_as_browsers_do_not():
    xmp = PngImagePlugin.PngInfo()
    xmp.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="3"/>')
    file = encoded(quadrants(), "PNG", pnginfo=xmp)
    assert is_upright(shown(render(file).renditions["w320.jpg"]))


@pytest.mark.parametrize(
    "garbage", [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0", b"Exif\0\0MM\0*" * 9]
)
def test_broken_exif_leaves_the_picture_as_stored(garbage):
    file = encoded(quadrants(), "JPEG", exif=garbage)
    assert is_upright(shown(render(file).renditions["w320.webp"]))


def test_an_orientation_that_does_not_exist_leaves_the_picture_as_stored():
    file = io.BytesIO(encoded(quadrants(), "JPEG", exif=exif(9)).getvalue())
    assert is_near(corners(shown(render(file).renditions["thumb.webp"]))[0], RED)
