import io

import pytest
from PIL import Image

from tests.unit.webapp.uploads.samples import (
    animated,
    camera_exif,
    chunk,
    encoded,
    exif_segment,
    picture,
    probe_bytes,
    riff,
    riff_chunk,
    vp8x,
    with_chunks,
    with_segments,
)
from webapp.core.presets import ORIGINAL_TYPES
from webapp.intake.probe import ProbeLimits

FORMATS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
}


@pytest.mark.parametrize(("pillow_format", "content_type"), FORMATS.items())
def test_each_type_is_told_with_its_extension_and_size(pillow_format, content_type):
    found = probe_bytes(encoded(pillow_format))
    assert (found.content_type, found.extension) == (content_type, ORIGINAL_TYPES[content_type])
    assert (found.width, found.height, found.frames) == (40, 30, 1)


def test_the_name_has_no_say():
    assert probe_bytes(encoded("GIF"), name="photo.jpg").content_type == "image/gif"


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "CMYK", "YCbCr"])
def test_jpeg_of_any_colours(mode):
    image = picture("CMYK" if mode == "CMYK" else "RGB").convert(mode)
    assert probe_bytes(encoded("JPEG", image)).width == 40


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_of_any_colours(mode):
    assert probe_bytes(encoded("PNG", picture(mode))).height == 30


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 50}, {"exif": b"Exif\0\0MM"}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_of_any_kind(mode, options):
    found = probe_bytes(encoded("WEBP", picture(mode), **options))
    assert (found.width, found.height) == (40, 30)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
def test_jpeg_of_any_coding(options):
    assert probe_bytes(encoded("JPEG", picture(size=(33, 17)), **options)).height == 17


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
def test_tiff_of_any_kind(options):
    assert probe_bytes(encoded("TIFF", **options)).width == 40


@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_that_of_the_upright_jpeg(orientation):
    data = with_segments(encoded("JPEG"), exif_segment(camera_exif(">", orientation)))
    found = probe_bytes(data)
    assert (found.width, found.height) == ((30, 40) if orientation > 4 else (40, 30))


def test_size_is_that_of_the_upright_png():
    found = probe_bytes(with_chunks(encoded("PNG"), chunk(b"eXIf", camera_exif())))
    assert (found.width, found.height) == (30, 40)


def test_size_is_that_of_the_upright_webp():
    pixels = encoded("WEBP")[12:]
    data = riff(vp8x(0x08), pixels, riff_chunk(b"EXIF", camera_exif()))
    found = probe_bytes(data)
    assert (found.width, found.height) == (30, 40)


def test_exif_that_a_webp_does_not_announce_turns_nothing():
    data = riff(vp8x(0), encoded("WEBP")[12:], riff_chunk(b"EXIF", camera_exif()))
    assert probe_bytes(data).width == 40


@pytest.mark.parametrize("pillow_format", ["TIFF", "AVIF"])
def test_size_is_that_of_the_upright_picture(pillow_format):
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"tiffinfo": {0x0112: 6}} if pillow_format == "TIFF" else {"exif": exif}
    found = probe_bytes(encoded(pillow_format, **options))
    assert (found.width, found.height) == (30, 40)


def test_size_is_that_of_the_rotated_heic():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded("HEIF", picture(size=(64, 48)), exif=exif.tobytes())
    with Image.open(io.BytesIO(data)) as image:
        expected = image.size
    found = probe_bytes(data)
    assert (found.width, found.height) == expected


@pytest.mark.parametrize("pillow_format", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_frames_are_counted(pillow_format):
    found = probe_bytes(animated(pillow_format, 5))
    assert (found.width, found.height, found.frames) == (8, 6, 5)


def test_a_gif_is_as_large_as_its_largest_frame():
    data = bytearray(encoded("GIF"))
    data[6:10] = b"\0\0\0\0"
    found = probe_bytes(bytes(data))
    assert (found.width, found.height) == (40, 30)


def test_trailing_bytes_are_no_reason_to_refuse():
    for pillow_format in FORMATS:
        if pillow_format not in {"AVIF", "HEIF"}:
            assert probe_bytes(encoded(pillow_format) + b"PK\x03\x04 and so on").width == 40


def test_the_limit_of_jpeg_is_its_own():
    limits = ProbeLimits(jpeg_pixels=1200, other_pixels=1)
    assert probe_bytes(encoded("JPEG"), limits=limits).width == 40
