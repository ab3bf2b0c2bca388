import io

import pytest
from PIL import Image

from tests.unit.webapp.uploads.samples import (
    SECRET,
    STRIP_ALL,
    STRIP_LOCATION,
    animated,
    decoded,
    encoded,
    gif_extension,
    gif_xmp,
    picture,
    strip_bytes,
    timings,
    with_extensions,
)

BURDENS = {
    "comment": gif_extension(0xFE, SECRET * 30),
    "plain text": gif_extension(0x01, bytes(12), SECRET),
    "xmp": gif_xmp(),
    "IPTC of an editor": gif_extension(0xFF, b"MGKIPTC0000", SECRET),
    "application": gif_extension(0xFF, b"SOMETHING01", SECRET),
    "application without a name": gif_extension(0xFF, SECRET),
    "buffering": gif_extension(0xFF, b"NETSCAPE2.0", b"\x02" + SECRET),
    "unknown label": gif_extension(0x42, SECRET),
}
LOOP = gif_extension(0xFF, b"NETSCAPE2.0", b"\x01\x05\0")


def animation(**options):
    return animated("GIF", 4, duration=[40, 80, 120, 160], disposal=[1, 2, 1, 2], **options)


@pytest.mark.parametrize("policy", [STRIP_LOCATION, STRIP_ALL])
@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("burden", BURDENS.values(), ids=BURDENS.keys())
def test_what_may_hide_a_place_goes_and_the_rest_is_the_same(burden, last, policy):
    plain = animation(loop=7)
    data = with_extensions(plain, burden, last=last)
    assert (decoded(data), timings(data)) == (decoded(plain), timings(plain))
    assert strip_bytes(data, "image/gif", policy=policy) == plain


def test_a_cleaned_animation_still_moves():
    cleaned = strip_bytes(with_extensions(animation(loop=0), BURDENS["xmp"]), "image/gif")
    assert timings(cleaned) == (0, [(40, 1), (80, 2), (120, 1), (160, 2)])


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_pixels_of_any_colours_stay(mode):
    plain = encoded("GIF", picture(mode))
    assert strip_bytes(with_extensions(plain, *BURDENS.values()), "image/gif") == plain


@pytest.mark.parametrize("interlace", [False, True])
def test_transparency_and_interlacing_stay(interlace):
    plain = encoded("GIF", picture("P"), transparency=3, interlace=interlace)
    cleaned = strip_bytes(with_extensions(plain, BURDENS["comment"]), "image/gif")
    assert cleaned == plain
    with Image.open(io.BytesIO(cleaned)) as image:
        assert image.info["transparency"] == 3


def test_colours_of_single_frames_stay():
    frames = [picture(size=(8, 6)).quantize(4), picture(size=(8, 6)).rotate(180).quantize(8)]
    plain = encoded("GIF", frames[0], save_all=True, append_images=frames[1:])
    assert strip_bytes(with_extensions(plain, BURDENS["xmp"]), "image/gif") == plain


@pytest.mark.parametrize("name", [b"NETSCAPE2.0", b"ANIMEXTS1.0"])
def test_how_often_it_repeats_stays(name):
    data = with_extensions(animation(), gif_extension(0xFF, name, b"\x01\x05\0"))
    assert strip_bytes(data, "image/gif") == data


@pytest.mark.parametrize(
    "burdened",
    [
        gif_extension(0xFF, b"NETSCAPE2.0", b"\x01\x05\0", SECRET),
        gif_extension(0xFF, b"NETSCAPE2.0", b"\x02\0\0\0\1", b"\x01\x05\0"),
        gif_extension(0xFF, b"NETSCAPE2.0", b"\x01\x05\0" + SECRET),
    ],
    ids=["behind", "before", "inside"],
)
def test_nothing_hides_where_the_repeats_are_told(burdened):
    plain = with_extensions(animation(), LOOP)
    assert strip_bytes(with_extensions(animation(), burdened), "image/gif") == plain


@pytest.mark.parametrize(
    "burdened",
    [gif_extension(0xF9, b"\4\5\0\0", SECRET), gif_extension(0xF9, b"\4\5\0\0" + SECRET)],
    ids=["behind", "inside"],
)
def test_nothing_hides_where_the_timing_is_told(burdened):
    plain = with_extensions(encoded("GIF"), gif_extension(0xF9, b"\4\5\0\0"))
    assert strip_bytes(with_extensions(encoded("GIF"), burdened), "image/gif") == plain


@pytest.mark.parametrize("label", [0x01, 0xF9, 0xFE, 0xFF])
def test_an_extension_without_content_goes(label):
    data = with_extensions(encoded("GIF"), gif_extension(label))
    assert strip_bytes(data, "image/gif") == encoded("GIF")


@pytest.mark.parametrize("policy", [STRIP_LOCATION, STRIP_ALL])
def test_the_colour_profile_stays(policy):
    profile = gif_extension(0xFF, b"ICCRGBG1012", b"profile" * 99)
    plain = with_extensions(encoded("GIF"), profile)
    data = with_extensions(plain, BURDENS["comment"])
    assert strip_bytes(data, "image/gif", policy=policy) == plain


def test_what_follows_the_trailer_goes():
    assert strip_bytes(encoded("GIF") + SECRET, "image/gif") == encoded("GIF")


def test_zeros_between_blocks_go():
    plain = animation()
    data = with_extensions(with_extensions(plain, bytes(9)), bytes(2), last=True)
    assert strip_bytes(data, "image/gif") == plain


def test_a_gif_of_1987_stays():
    plain = b"GIF87a" + encoded("GIF")[6:]
    assert strip_bytes(plain + SECRET, "image/gif") == plain
