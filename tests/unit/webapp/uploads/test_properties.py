"""Whatever the bytes are: an answer or one of our errors, and never a changed pixel."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.webapp.uploads.samples import (
    SECRET,
    animated,
    camera_exif,
    chunk,
    decoded,
    encoded,
    exif_segment,
    gif_extension,
    gif_xmp,
    picture,
    probe_bytes,
    riff,
    riff_chunk,
    segment,
    strip_bytes,
    timings,
    vp8x,
    with_chunks,
    with_extensions,
    with_segments,
)
from webapp.core.errors import ShoeboxError
from webapp.intake.metadata import MetadataPolicy, can_strip

policies = st.sampled_from([MetadataPolicy.STRIP_LOCATION, MetadataPolicy.STRIP_ALL])
contents = st.binary(max_size=40).map(lambda extra: SECRET + extra)


@cache
def samples():
    jpeg = encoded("JPEG", picture(size=(64, 48)), progressive=True, icc_profile=b"profile" * 9)
    return [
        with_segments(jpeg, exif_segment(camera_exif())) + SECRET,
        with_chunks(animated("PNG"), chunk(b"eXIf", camera_exif()), chunk(b"tEXt", SECRET)),
        encoded("WEBP", exif=camera_exif(), xmp=SECRET),
        animated("WEBP", xmp=SECRET),
        with_extensions(animated("GIF", loop=3), gif_xmp(), gif_extension(0xFE, SECRET)) + SECRET,
        encoded("AVIF", picture(size=(16, 16))),
        animated("AVIF"),
        encoded("HEIF", picture(size=(64, 64))),
        encoded("TIFF", picture(size=(8, 8))),
        encoded("TIFF", picture(size=(8, 8)), big_tiff=True),
        encoded("BMP", picture("P", (8, 8))),
    ]


@st.composite
def damaged(draw):
    """Return a picture with bytes changed, mostly near its head, and perhaps cut off."""
    data = bytearray(draw(st.sampled_from(samples())))
    places = st.integers(0, len(data) - 1) | st.integers(0, min(200, len(data) - 1))
    values = st.integers(0, 255) | st.sampled_from([0, 1, 127, 128, 255])
    for place, value in draw(st.lists(st.tuples(places, values), max_size=8)):
        data[place] = value
    end = draw(st.just(len(data)) | places)
    return bytes(data[:end])


def survive(data, policy):
    """Probe and clean as the receiver does; return what would be stored, or None."""
    try:
        found = probe_bytes(data)
        if not can_strip(found.content_type):
            return None
        cleaned = strip_bytes(data, found.content_type, policy=policy)
        again = probe_bytes(cleaned)
    except ShoeboxError:
        return None
    assert again == found
    assert strip_bytes(cleaned, found.content_type, policy=policy) == cleaned
    return cleaned


@given(damaged(), policies)
def test_damaged_pictures_are_cleaned_or_refused(data, policy):
    cleaned = survive(data, policy)
    assert cleaned is None or len(cleaned) <= len(data) + 64


@given(st.integers(0, 10), st.binary(max_size=400), policies)
def test_any_bytes_behind_a_signature_are_survived(number, tail, policy):
    survive(samples()[number][:12] + tail, policy)


@given(st.binary(max_size=100), policies)
def test_any_bytes_at_all_are_survived(data, policy):
    survive(data, policy)


@pytest.mark.parametrize("number", range(11))
def test_pictures_cut_off_anywhere_are_survived(number):
    data = samples()[number]
    for length in range(0, len(data), max(1, len(data) // 200)):
        survive(data[:length], MetadataPolicy.STRIP_LOCATION)


jpeg_segments = st.tuples(
    st.integers(0xE0, 0xEF) | st.just(0xFE),
    st.sampled_from([b"", b"JFIF\0", b"Exif\0\0", b"MPF\0", b"http://ns.adobe.com/xap/1.0/\0"]),
    contents,
).map(lambda parts: segment(parts[0], parts[1] + parts[2]))


@given(st.lists(jpeg_segments, max_size=6), contents, policies)
def test_any_segments_go_and_the_jpeg_stays(segments, trailer, policy):
    data = with_segments(encoded("JPEG"), *segments) + trailer
    cleaned = strip_bytes(data, "image/jpeg", policy=policy)
    assert SECRET not in cleaned
    assert decoded(cleaned) == decoded(encoded("JPEG"))


letters = st.sampled_from(b"abcxyzABCXYZ")
ancillary = st.tuples(st.sampled_from(b"abcxyz"), letters, st.sampled_from(b"ABC"), letters)
png_chunks = st.tuples(
    st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"sPLT"]) | ancillary.map(bytes), contents
).map(lambda parts: chunk(*parts))


@given(st.lists(png_chunks, max_size=6), st.sampled_from([b"IDAT", b"IEND"]), contents, policies)
def test_any_chunks_go_and_the_png_stays(chunks, before, trailer, policy):
    data = with_chunks(encoded("PNG"), *chunks, before=before) + trailer
    assert strip_bytes(data, "image/png", policy=policy) == encoded("PNG")


riff_chunks = st.tuples(
    st.sampled_from([b"EXIF", b"XMP ", b"META"]) | st.tuples(*[letters] * 4).map(bytes), contents
).map(lambda parts: riff_chunk(*parts))


@given(st.lists(riff_chunks, max_size=6), contents, policies)
def test_any_chunks_go_and_the_webp_stays(chunks, trailer, policy):
    pixels = encoded("WEBP")[12:]
    data = riff(vp8x(0x0C), pixels, *chunks) + trailer
    assert strip_bytes(data, "image/webp", policy=policy) == riff(vp8x(0), pixels)


GIF_KEPT = {b"ICCRGBG1012", b"NETSCAPE2.0", b"ANIMEXTS1.0"}
"""Applications that may stay; the generator knows them too, from the code."""

gif_extensions = st.one_of(
    st.tuples(st.integers(0, 255).filter(lambda label: label not in {0xF9, 0xFF}), contents).map(
        lambda parts: gif_extension(*parts)
    ),
    st.tuples(
        st.binary(min_size=11, max_size=11).filter(lambda name: name not in GIF_KEPT), contents
    ).map(lambda parts: gif_extension(0xFF, *parts)),
    contents.map(lambda content: gif_extension(0xFF, b"NETSCAPE2.0", b"\x02" + content)),
    contents.filter(lambda content: b"\0" not in content).map(gif_xmp),
)


@given(st.lists(gif_extensions, max_size=6), st.booleans(), contents, policies)
def test_any_extensions_go_and_the_gif_stays(extensions, last, trailer, policy):
    plain = animated("GIF", duration=[50, 70, 90], loop=2, disposal=2)
    data = with_extensions(plain, *extensions, last=last) + trailer
    cleaned = strip_bytes(data, "image/gif", policy=policy)
    assert cleaned == plain
    assert (decoded(cleaned), timings(cleaned)) == (decoded(data), timings(data))
