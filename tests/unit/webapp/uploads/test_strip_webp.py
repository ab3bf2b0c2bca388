import struct

import pytest

from tests.unit.webapp.uploads.samples import (
    SECRET,
    STRIP_ALL,
    STRIP_LOCATION,
    animated,
    camera_exif,
    decoded,
    encoded,
    exif_of,
    picture,
    profile_of,
    riff,
    riff_chunk,
    strip_bytes,
    vp8x,
)

EXIF, XMP, ALL = 0x08, 0x04, 0x0C
BURDENS = {
    "xmp": (XMP, riff_chunk(b"XMP ", SECRET)),
    "exif": (EXIF, riff_chunk(b"EXIF", camera_exif())),
    "exif with prefix": (EXIF, riff_chunk(b"EXIF", b"Exif\0\0" + camera_exif())),
    "second exif": (EXIF, riff_chunk(b"EXIF", camera_exif()) * 2),
    "exif nobody reads": (0, riff_chunk(b"EXIF", camera_exif())),
    "unknown": (0, riff_chunk(b"C2PA", SECRET)),
    "odd unknown": (0, riff_chunk(b"abcd", SECRET + b"!")),
}


def pixels(mode="RGB", **options):
    """Return the chunks of a picture that needs no VP8X."""
    return encoded("WEBP", picture(mode), **options)[12:]


@pytest.mark.parametrize("policy", [STRIP_LOCATION, STRIP_ALL])
@pytest.mark.parametrize(("flags", "burden"), BURDENS.values(), ids=BURDENS.keys())
def test_what_may_hide_a_place_goes_and_the_pixels_stay(flags, burden, policy):
    data = riff(vp8x(flags), pixels(), burden)
    cleaned = strip_bytes(data, "image/webp", policy=policy)
    assert SECRET not in cleaned
    assert decoded(cleaned) == decoded(data)
    assert strip_bytes(cleaned, "image/webp", policy=policy) == cleaned


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 50}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_flags_and_size_say_what_is_there(mode, options):
    coded = encoded("WEBP", picture(mode), icc_profile=b"profile", **options)
    flags, body = coded[20], coded[30:]
    data = riff(vp8x(flags | ALL), body, riff_chunk(b"XMP ", SECRET), BURDENS["exif"][1])
    without = strip_bytes(data + SECRET, "image/webp", policy=STRIP_ALL)
    orientation = b"II*\0\x08\0\0\0\x01\0\x12\x01\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
    assert without == riff(vp8x(flags | EXIF), body, riff_chunk(b"EXIF", orientation))


def test_a_picture_without_extensions_ends_with_its_pixels():
    plain = riff(pixels())
    assert strip_bytes(riff(pixels(), riff_chunk(b"XMP ", SECRET)), "image/webp") == plain


def test_what_follows_the_picture_goes():
    assert strip_bytes(riff(pixels()) + SECRET, "image/webp") == riff(pixels())


@pytest.mark.parametrize("policy", [STRIP_LOCATION, STRIP_ALL])
def test_the_profile_stays(policy):
    data = encoded("WEBP", icc_profile=b"profile", xmp=SECRET, exif=camera_exif())
    assert profile_of(strip_bytes(data, "image/webp", policy=policy)) == b"profile"


def test_camera_dates_and_orientation_stay():
    main, exif, gps = exif_of(strip_bytes(encoded("WEBP", exif=camera_exif()), "image/webp"))
    assert (main[0x0110], main[0x0112], exif[0x9003], gps) == (
        "Model 7",
        6,
        "2024:05:06 07:08:09",
        {},
    )


def test_all_frames_stay():
    plain = animated("WEBP", 4)
    assert strip_bytes(animated("WEBP", 4, xmp=SECRET), "image/webp") == plain
    assert strip_bytes(plain, "image/webp") == plain


def test_unknown_chunks_inside_a_frame_go():
    plain = animated("WEBP", 2)
    at = plain.index(b"ANMF")
    length = struct.unpack("<I", plain[at + 4 : at + 8])[0]
    frame = plain[at + 8 : at + 8 + length]
    burdened = riff_chunk(b"ANMF", frame + riff_chunk(b"what", SECRET))
    rest = plain[at + 8 + length :]
    data = riff(plain[12:at], burdened, rest)
    assert strip_bytes(data, "image/webp") == plain


def test_a_missing_last_padding_byte_is_added():
    odd = riff_chunk(b"ALPH", b"abc")[:-1]
    data = b"RIFF" + struct.pack("<I", 4 + len(vp8x(0x10)) + len(odd)) + b"WEBP" + vp8x(0x10) + odd
    assert strip_bytes(data, "image/webp") == riff(vp8x(0x10), riff_chunk(b"ALPH", b"abc"))
