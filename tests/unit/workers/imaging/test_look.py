import base64

import pytest
from PIL import Image

from tests.unit.workers.imaging.pictures import RED, WHITE, encoded, quadrants
from workers.imaging.look import look_of
from workers.imaging.render import render
from workers.imaging.thumbhash import thumbhash


def colour_of(text):
    return tuple(bytes.fromhex(text[1:]))


# As another program for the same format hashes them.
@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (16, 12, "1918060d9201346a507688818748988806ee46c0c9"),
        (9, 16, "59f809141a402887588685688888f09609c598"),
    ],
)
def test_hashes_are_those_of_the_format(width, height, expected):
    places = [(x, y) for y in range(height) for x in range(width)]
    colours = ((x * x * 7 % 256, (y * y * 5 + x * 3) % 256, x * y * 11 % 256) for x, y in places)
    pixels = b"".join(bytes((*colour, 255)) for colour in colours)
    assert thumbhash(width, height, pixels).hex() == expected


@pytest.mark.parametrize("size", [(1, 1), (1, 100), (100, 1), (32, 24)])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_look_is_short_whatever_it_is_of(size, mode):
    look = look_of(Image.new(mode, size))
    assert 16 <= len(base64.b64decode(look.placeholder)) <= 30
    assert len(look.colour) == 7


def test_the_mean_of_the_hash_is_that_of_the_picture():
    hashed = thumbhash(8, 8, bytes((0, 0, 255, 255)) * 64)
    assert hashed[0] & 63 == round(63 / 3)


def test_the_colour_is_what_most_of_the_picture_has():
    image = Image.new("RGB", (90, 60), RED)
    image.paste(WHITE, (0, 0, 40, 60))
    assert colour_of(look_of(image).colour) == RED


def test_what_cannot_be_seen_has_no_colour():
    image = Image.new("RGBA", (60, 60), (0, 0, 255, 0))
    image.paste((*RED, 255), (0, 0, 20, 60))
    assert colour_of(look_of(image).colour) == RED


def test_a_look_is_of_the_whole_picture_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = quadrants(60, 200).transpose(Image.Transpose.ROTATE_90)
    turned = render(encoded(lying, "PNG", exif=exif.tobytes())).picture
    upright = render(encoded(quadrants(60, 200), "PNG")).picture
    assert turned.placeholder == upright.placeholder
