import pytest

from tests.unit.workers.imaging.pictures import FORMATS, encoded, quadrants
from workers.imaging import formats
from workers.imaging.errors import CodecMissingError, NotDecodableError
from workers.imaging.formats import find_format, get_format, has_codec


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_format_is_known_by_its_content(image_format):
    head = encoded(quadrants(), image_format).read(formats.HEAD_BYTES)
    assert find_format(head) == image_format


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_format_has_its_codec_here(image_format):
    formats.prepare()
    assert has_codec(image_format)


@pytest.mark.parametrize(
    ("brands", "expected"),
    [
        (b"mif1\0\0\0\0mif1avif", "AVIF"),
        (b"mif1\0\0\0\0mif1heic", "HEIF"),
        (b"msf1\0\0\0\0msf1hevc", "HEIF"),
        (b"isom\0\0\0\0mp42isom", None),
    ],
)
def test_a_general_container_is_told_by_its_compatible_brands(brands, expected):
    head = (8 + len(brands)).to_bytes(4) + b"ftyp" + brands
    assert find_format(head) == expected


@pytest.mark.parametrize(
    "head",
    [b"", b"\xff\xd8", b"<svg xmlns=", b"<!DOCTYPE html>", b"%PDF-1.7", b"PK\3\4", b"\0" * 64],
)
def test_what_is_not_taken_is_refused_as_such(head):
    with pytest.raises(NotDecodableError) as caught:
        get_format(head)
    assert caught.value.code == "unsupported-type"


def test_a_missing_codec_is_not_the_picture_s_fault(monkeypatch):
    monkeypatch.setattr(formats.features, "check", lambda feature: feature != "avif")
    head = encoded(quadrants(), "AVIF").read(formats.HEAD_BYTES)
    with pytest.raises(CodecMissingError):
        get_format(head)
