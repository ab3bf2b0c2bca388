import struct

import pytest

from tests.unit.webapp.uploads.samples import (
    animated,
    chunk,
    encoded,
    picture,
    png_header,
    probe_bytes,
    segment,
    with_chunks,
    with_segments,
)
from webapp.core.errors import (
    NotDecodableError,
    TooManyFramesError,
    TooManyPixelsError,
    TruncatedError,
    UnsupportedTypeError,
)
from webapp.intake.probe import ProbeLimits

STRANGERS = {
    b"": "empty",
    b'<svg xmlns="http://www.w3.org/2000/svg"/>': "image/svg+xml",
    b'<?xml version="1.0"?>\n<!-- x --><svg/>': "text/xml",
    b"\xef\xbb\xbf <!DOCTYPE html><script>": "text/html",
    b"%PDF-1.7\n" + encoded("JPEG"): "application/pdf",
    b"PK\x03\x04" + encoded("JPEG"): "application/zip",
    b"BMW is a car, not a bitmap": "application/octet-stream",
    b"RIFF\x10\0\0\0WAVEfmt ": "application/octet-stream",
    b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom": "video/mp4",
    b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf": "image/heif",
    b"\xff\x0a" + bytes(20): "image/jxl",
    b"II*\0\x10\0\0\0CR\x02\0": "image/x-canon-cr2",
    b"\0": "application/octet-stream",
    b"no picture": "application/octet-stream",
}


@pytest.mark.parametrize(("data", "found"), STRANGERS.items())
def test_what_is_no_picture_is_refused_by_name(data, found):
    with pytest.raises(UnsupportedTypeError) as error:
        probe_bytes(data, name="photo.png")
    assert error.value.extra == {"found": found}


def test_a_raw_file_of_a_camera_is_refused():
    data = encoded("TIFF", tiffinfo={0xC612: b"\x01\x04\0\0"})
    with pytest.raises(UnsupportedTypeError, match="dng"):
        probe_bytes(data)


def test_a_png_bomb_is_refused_by_its_header_alone():
    with pytest.raises(TooManyPixelsError) as error:
        probe_bytes(png_header(60_000, 60_000))
    assert error.value.extra == {"pixels": 3_600_000_000, "limit": 50_000_000}


def test_a_side_may_not_be_longer_than_any_type_can_be():
    with pytest.raises(TooManyPixelsError) as error:
        probe_bytes(png_header(65_536, 1))
    assert error.value.extra == {"pixels": 65_536, "limit": 65_535}


def test_a_line_of_pixels_is_a_picture():
    assert probe_bytes(encoded("JPEG", picture("L", (1, 65_500)))).height == 65_500
    assert probe_bytes(encoded("PNG", picture("L", (1, 65_535)))).height == 65_535


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
def test_too_many_pixels_are_refused_in_each_type(pillow_format):
    limits = ProbeLimits(jpeg_pixels=1199, other_pixels=1199)
    with pytest.raises(TooManyPixelsError):
        probe_bytes(encoded(pillow_format), limits=limits)


@pytest.mark.parametrize("pillow_format", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_too_many_frames_are_refused_in_each_type(pillow_format):
    with pytest.raises(TooManyFramesError):
        probe_bytes(animated(pillow_format, 4), limits=ProbeLimits(frames=3))


def test_a_gif_of_ten_thousand_frames_is_refused():
    frame = b"\x2c" + struct.pack("<4H", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0"
    data = b"GIF89a\x01\0\x01\0\0\0\0" + frame * 10_000 + b";"
    with pytest.raises(TooManyFramesError):
        probe_bytes(data)


def test_a_gif_frame_larger_than_its_canvas_counts_as_it_is():
    frame = b"\x2c" + struct.pack("<4H", 0, 0, 60_000, 60_000) + b"\0\x02\x02\x44\x01\0"
    with pytest.raises(TooManyPixelsError):
        probe_bytes(b"GIF89a\x01\0\x01\0\0\0\0" + frame + b";")


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "BMP"])
def test_a_file_cut_off_by_a_byte_is_truncated(pillow_format):
    data = encoded(pillow_format, picture("P") if pillow_format == "GIF" else None)
    with pytest.raises(TruncatedError):
        probe_bytes(data[:-1])


def test_a_tiff_whose_pixels_are_missing_is_truncated():
    data = encoded("TIFF", picture("RGB", (200, 200)), compression="raw")
    with pytest.raises(TruncatedError):
        probe_bytes(data[: len(data) // 2])


def test_a_jpeg_is_truncated_wherever_it_is_cut():
    data = encoded("JPEG", picture("RGB", (600, 400)), quality=95)
    for length in range(1000, len(data), 1000):
        with pytest.raises(TruncatedError):
            probe_bytes(data[:length])


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_jpeg():
    thumbnail = encoded("JPEG")
    data = with_segments(encoded("JPEG"), segment(0xE1, b"Exif\0\0" + thumbnail))
    with pytest.raises(TruncatedError):
        probe_bytes(data[:-2])


def test_a_gif_that_is_also_a_script_is_no_gif():
    with pytest.raises((TruncatedError, NotDecodableError)):
        probe_bytes(b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xd9",  # nothing between
        with_segments(encoded("JPEG"), segment(0xC0, bytes(15))),  # no pixels
        encoded("JPEG")[:2] + encoded("JPEG"),  # SOI twice
        png_header(0, 5) + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        png_header(5, 5) + chunk(b"IEND", b""),
        with_chunks(encoded("PNG"), chunk(b"a b!", b"")),
        b"\x89PNG\r\n\x1a\n" + chunk(b"CgBI", b"1234") + encoded("PNG")[8:],
        b"RIFF\x04\0\0\0WEBP",
        b"RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0",
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 5, 5, 1, 24, 4) + bytes(20),
        b"\0\0\0\x14ftypavif\0\0\0\0avif",
        b"\0\0\0\x14ftypavif\0\0\0\0avif\0\0\0\x07free",
    ],
)
def test_a_container_without_a_picture_is_not_decodable(data):
    with pytest.raises(NotDecodableError):
        probe_bytes(data)


def test_two_frame_headers_cannot_hide_a_bomb():
    header = segment(0xC0, struct.pack(">BHHB", 8, 16, 16, 3) + bytes(9))
    with pytest.raises(NotDecodableError, match="two"):
        probe_bytes(with_segments(encoded("JPEG"), header))


def test_tiff_pages_in_a_loop_end():
    page = struct.pack("<H", 2) + b"".join(
        struct.pack("<HHII", tag, 4, 1, 9) for tag in (0x0100, 0x0101)
    )
    with pytest.raises(NotDecodableError, match="loop"):
        probe_bytes(b"II*\0\x08\0\0\0" + page + struct.pack("<I", 8))


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        (b"\xff\xd8\xff\xe0\0\x02", b"\xff\xfe\0\x02"),
        (png_header(1, 1), b"\0\0\0\0tEXt\0\0\0\0"),
        (b"GIF89a\x01\0\x01\0\0\0\0\x21\xfe", b"\x01a"),
        (b"\0\0\0\x14ftypavif\0\0\0\0avif", b"\0\0\0\x08free"),
    ],
    ids=["JPEG", "PNG", "GIF", "AVIF"],
)
def test_a_file_of_crumbs_is_given_up(head, unit):
    with pytest.raises(NotDecodableError, match="more than"):
        probe_bytes(head + unit * 1_000_000)
