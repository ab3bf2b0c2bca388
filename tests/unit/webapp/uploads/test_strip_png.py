import zlib

import pytest

from tests.unit.webapp.uploads.samples import (
    SECRET,
    STRIP_ALL,
    STRIP_LOCATION,
    animated,
    camera_exif,
    chunk,
    decoded,
    encoded,
    exif_of,
    picture,
    profile_of,
    strip_bytes,
    with_chunks,
)

BURDENS = {
    "text": chunk(b"tEXt", b"Comment\0" + SECRET),
    "raw profile": chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(SECRET)),
    "xmp": chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SECRET),
    "second EXIF": chunk(b"eXIf", camera_exif()) * 2,
    "content credentials": chunk(b"caBX", SECRET),
    "vendor": chunk(b"iDOT", SECRET),
    "palette suggestion": chunk(b"sPLT", SECRET),
}


@pytest.mark.parametrize("policy", [STRIP_LOCATION, STRIP_ALL])
@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
@pytest.mark.parametrize("burden", BURDENS.values(), ids=BURDENS.keys())
def test_what_may_hide_a_place_goes_and_the_pixels_stay(burden, before, policy):
    data = with_chunks(encoded("PNG"), burden, before=before)
    cleaned = strip_bytes(data, "image/png", policy=policy)
    assert SECRET not in cleaned
    assert zlib.compress(SECRET) not in cleaned
    assert decoded(cleaned) == decoded(data)
    assert strip_bytes(cleaned, "image/png", policy=policy) == cleaned


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pixels_of_any_colours_stay(mode):
    plain = encoded("PNG", picture(mode))
    data = with_chunks(plain, *BURDENS.values()) + SECRET
    assert strip_bytes(data, "image/png", policy=STRIP_ALL) == with_chunks(
        plain, chunk(b"eXIf", b"II*\0\x08\0\0\0\x01\0\x12\x01\3\0\1\0\0\0\6\0\0\0\0\0\0\0")
    )


def test_transparency_of_a_palette_stays():
    plain = encoded("PNG", picture("P"), transparency=bytes(range(0, 256, 16)))
    assert strip_bytes(with_chunks(plain, BURDENS["text"]), "image/png") == plain


@pytest.mark.parametrize("policy", [STRIP_LOCATION, STRIP_ALL])
def test_profile_and_resolution_stay(policy):
    plain = encoded("PNG", icc_profile=b"\0\0\2\x0clcms" * 50, dpi=(300, 300))
    cleaned = strip_bytes(with_chunks(plain, BURDENS["text"]), "image/png", policy=policy)
    assert cleaned == plain
    assert profile_of(cleaned)


def test_all_frames_stay():
    plain = animated("PNG", 4)
    cleaned = strip_bytes(with_chunks(plain, BURDENS["text"], before=b"fdAT"), "image/png")
    assert cleaned == plain
    assert len(decoded(cleaned)) == 4


def test_camera_dates_and_orientation_stay():
    cleaned = strip_bytes(with_chunks(encoded("PNG"), BURDENS["second EXIF"]), "image/png")
    main, exif, gps = exif_of(cleaned)
    assert (main[0x0110], main[0x0112], exif[0x9003], gps) == (
        "Model 7",
        6,
        "2024:05:06 07:08:09",
        {},
    )


def test_check_sums_are_right():
    cleaned = strip_bytes(with_chunks(encoded("PNG"), BURDENS["second EXIF"]), "image/png")
    position = 8
    while position < len(cleaned):
        end = position + 8 + int.from_bytes(cleaned[position : position + 4])
        assert zlib.crc32(cleaned[position + 4 : end]) == int.from_bytes(cleaned[end : end + 4])
        position = end + 4


def test_the_date_of_change_goes_with_all():
    data = with_chunks(encoded("PNG"), chunk(b"tIME", bytes(7)))
    assert strip_bytes(data, "image/png") == data
    assert strip_bytes(data, "image/png", policy=STRIP_ALL) == encoded("PNG")
