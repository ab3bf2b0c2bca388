import tracemalloc

import pytest

from tests.unit.webapp.uploads.samples import (
    SECRET,
    STRIP_ALL,
    STRIP_LOCATION,
    camera_exif,
    chunk,
    encoded,
    exif_segment,
    gif_extension,
    picture,
    segment,
    strip_bytes,
    with_chunks,
    with_extensions,
    with_segments,
)
from webapp.core.errors import NotDecodableError, TruncatedError, UnsupportedTypeError
from webapp.core.presets import ORIGINAL_TYPES
from webapp.intake.metadata import MetadataPolicy, can_strip, strip

CLEANABLE = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}


@pytest.fixture
def paths(tmp_path):
    return tmp_path / "source", tmp_path / "target"


def test_the_types_that_can_be_cleaned():
    assert {name for name in ORIGINAL_TYPES if can_strip(name)} == set(CLEANABLE.values())


@pytest.mark.parametrize("policy", [STRIP_LOCATION, STRIP_ALL])
@pytest.mark.parametrize(("pillow_format", "content_type"), CLEANABLE.items())
def test_a_clean_picture_is_left_as_it_is(paths, pillow_format, content_type, policy):
    source, target = paths
    source.write_bytes(encoded(pillow_format))
    assert not strip(source, target, content_type=content_type, policy=policy)
    assert not target.exists()


def test_the_policy_keep_keeps_everything(paths):
    source, target = paths
    source.write_bytes(with_segments(encoded("JPEG"), exif_segment(camera_exif())) + SECRET)
    assert not strip(source, target, content_type="image/jpeg", policy=MetadataPolicy.KEEP)
    assert not target.exists()


def test_a_type_that_cannot_be_cleaned_is_never_called_clean():
    with pytest.raises(UnsupportedTypeError):
        strip_bytes(encoded("TIFF"), "image/tiff")


@pytest.mark.parametrize("content_type", CLEANABLE.values())
def test_bytes_of_another_type_are_refused(content_type):
    with pytest.raises(NotDecodableError):
        strip_bytes(encoded("BMP"), content_type)


@pytest.mark.parametrize(("pillow_format", "content_type"), CLEANABLE.items())
def test_a_truncated_picture_is_refused(pillow_format, content_type):
    with pytest.raises(TruncatedError):
        strip_bytes(encoded(pillow_format)[:-1], content_type)


def test_nothing_is_left_behind_when_the_disk_is_full(paths):
    source, target = paths
    source.write_bytes(encoded("JPEG") + SECRET)
    target.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space"):
        strip(source, target, content_type="image/jpeg", policy=STRIP_LOCATION)
    assert not target.is_symlink()


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "GIF"])
def test_memory_is_bounded_whatever_the_file_holds(paths, pillow_format):
    source, target = paths
    noise = bytes(range(256)) * 32_768  # 8 MiB
    if pillow_format == "JPEG":
        comments = [segment(0xFE, noise[:65_000])] * 100
        data = with_segments(encoded("JPEG", picture("L", (4000, 4000)), quality=100), *comments)
    elif pillow_format == "PNG":
        data = with_chunks(encoded("PNG"), chunk(b"tEXt", noise), chunk(b"eXIf", noise))
    else:
        loop = gif_extension(0xFF, b"NETSCAPE2.0", b"\x01\0\0", noise)
        data = with_extensions(encoded("GIF"), loop, gif_extension(0xF9, noise))
    source.write_bytes(data + noise)
    del noise, data
    tracemalloc.start()
    try:
        strip(source, target, content_type=CLEANABLE[pillow_format], policy=STRIP_LOCATION)
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()
