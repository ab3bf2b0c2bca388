import io

import pytest
from PIL import Image

from tests.unit.webapp.uploads.samples import (
    SECRET,
    STRIP_ALL,
    STRIP_LOCATION,
    camera_exif,
    decoded,
    encoded,
    exif_of,
    exif_segment,
    picture,
    profile_of,
    segment,
    strip_bytes,
    text,
    tiff_block,
    with_segments,
)
from webapp.intake.containers.source import Source
from webapp.intake.probe import ProbeLimits, probe_source

BURDENS = {
    "xmp": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + SECRET),
    "extended xmp": segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SECRET),
    "iptc": segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04" + SECRET),
    "mpf": segment(0xE2, b"MPF\0II*\0" + SECRET),
    "flashpix": segment(0xE2, b"FPXR\0" + SECRET),
    "comment": segment(0xFE, SECRET),
    "content credentials": segment(0xEB, b"JP" + SECRET),
    "ducky": segment(0xEC, b"Ducky" + SECRET),
    "thumbnail": segment(0xE0, b"JFXX\0\x10" + SECRET),
    "unknown": segment(0xE7, SECRET),
    "half an Adobe": segment(0xEE, b"Adobe" + SECRET[:4]),
    "second EXIF": exif_segment(camera_exif()) + exif_segment(camera_exif(">", 3)),
}


def profile():
    """Return a profile of two segments."""
    return b"\0\0\2\x0clcms" + bytes(range(256)) * 300


@pytest.mark.parametrize("policy", [STRIP_LOCATION, STRIP_ALL])
@pytest.mark.parametrize("burden", BURDENS.values(), ids=BURDENS.keys())
def test_what_may_hide_a_place_goes_and_the_pixels_stay(burden, policy):
    data = with_segments(encoded("JPEG"), burden)
    cleaned = strip_bytes(data, "image/jpeg", policy=policy)
    assert SECRET[:4] not in cleaned
    assert decoded(cleaned) == decoded(encoded("JPEG"))
    assert strip_bytes(cleaned, "image/jpeg", policy=policy) == cleaned


def test_only_the_burden_goes():
    data = encoded("JPEG", icc_profile=profile())
    assert strip_bytes(with_segments(data, *BURDENS.values()), "image/jpeg", policy=STRIP_ALL) == (
        with_segments(
            data, exif_segment(b"II*\0\x08\0\0\0\x01\0\x12\x01\3\0\1\0\0\0\6\0\0\0\0\0\0\0")
        )
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_camera_exposure_dates_and_orientation_stay(order):
    data = with_segments(encoded("JPEG"), exif_segment(camera_exif(order)))
    assert exif_of(strip_bytes(data, "image/jpeg")) == (
        {0x010F: "Maker", 0x0110: "Model 7", 0x0112: 6, 0x0132: "2024:05:06 07:08:09"}
        | {0x8769: exif_of(strip_bytes(data, "image/jpeg"))[0][0x8769]},
        {0x829A: 0.004, 0x8827: 200, 0x9003: "2024:05:06 07:08:09"},
        {},
    )


def test_strip_all_leaves_the_orientation_alone():
    data = with_segments(encoded("JPEG"), exif_segment(camera_exif()))
    cleaned = strip_bytes(data, "image/jpeg", policy=STRIP_ALL)
    assert exif_of(cleaned) == ({0x0112: 6}, {}, {})


@pytest.mark.parametrize("policy", [STRIP_LOCATION, STRIP_ALL])
def test_the_profile_stays(policy):
    data = with_segments(encoded("JPEG", icc_profile=profile()), BURDENS["comment"])
    assert profile_of(strip_bytes(data, "image/jpeg", policy=policy)) == profile()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_pixels_of_any_coding_stay(mode, options):
    data = encoded("JPEG", picture(mode, (200, 150)), **options) + SECRET
    cleaned = strip_bytes(data, "image/jpeg")
    assert cleaned == data.removesuffix(SECRET)
    assert decoded(cleaned) == decoded(data)


def test_the_colour_transform_of_adobe_stays_without_what_follows_it():
    plain = encoded("JPEG", picture("CMYK"))
    at = plain.index(b"Adobe") - 4
    adobe = segment(0xEE, plain[at + 4 : at + 16] + SECRET)
    data = plain[:at] + adobe + plain[at + 16 :]
    assert strip_bytes(data, "image/jpeg") == plain


def test_the_thumbnail_of_jfif_goes_and_its_resolution_stays():
    plain = encoded("JPEG", dpi=(300, 300))
    jfif = plain[6:18]
    data = plain[:2] + segment(0xE0, jfif + b"\2\2" + SECRET[:12]) + plain[20:]
    assert strip_bytes(data, "image/jpeg") == plain


def test_further_pictures_go():
    file = io.BytesIO()
    picture().save(file, "MPO", save_all=True, append_images=[picture(size=(41, 31))])
    cleaned = strip_bytes(file.getvalue(), "image/jpeg")
    assert len(decoded(file.getvalue())) == 2
    with Image.open(io.BytesIO(cleaned)) as image:
        assert image.format == "JPEG"
    assert cleaned.count(b"\xff\xd8") == 1


@pytest.mark.parametrize(
    "trailer", [b"\0\0\0\x18ftypmp42" + SECRET, b"PK\x03\x04" + SECRET, SECRET, b"\0"]
)
def test_films_and_archives_behind_the_picture_go(trailer):
    assert strip_bytes(encoded("JPEG") + trailer, "image/jpeg") == encoded("JPEG")


def test_bytes_between_segments_go():
    data = with_segments(encoded("JPEG"), SECRET, b"\xff\xff\xff")
    assert strip_bytes(data, "image/jpeg") == encoded("JPEG")


def test_a_comment_between_scans_goes():
    data = encoded("JPEG", picture(size=(200, 150)), progressive=True)
    at = data.rindex(b"\xff\xda")
    burdened = data[:at] + BURDENS["comment"] + BURDENS["second EXIF"] + data[at:]
    assert strip_bytes(burdened, "image/jpeg") == data


def test_exif_that_is_garbage_goes():
    data = with_segments(encoded("JPEG"), exif_segment(b"garbage" + SECRET))
    assert strip_bytes(data, "image/jpeg") == encoded("JPEG")


def test_the_first_exif_alone_says_how_a_picture_is_turned():
    upright = exif_segment(tiff_block("<", [text(0x010F, b"Maker")]))
    data = with_segments(encoded("JPEG"), upright + exif_segment(camera_exif("<", 6)))
    found = [
        probe_source(Source.of_bytes(bytes_), limits=ProbeLimits())
        for bytes_ in (data, strip_bytes(data, "image/jpeg", policy=STRIP_LOCATION))
    ]
    assert (found[0].width, found[0].height) == (found[1].width, found[1].height)
