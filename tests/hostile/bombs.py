"""Small files that want to be large ones, and files with more of something than anybody needs."""

import io
import struct
import zlib

from PIL import Image

from tests.hostile.seeds import moving, plain, saved
from tests.unit.webapp.uploads.samples import chunk, png_header, riff, riff_chunk, vp8x

FRAMES = 10_000
_MIB = 1024 * 1024


def bombs():
    """By name; each is refused, or ends ready, failed or rejected like any other."""
    return {
        "png-60000x60000": _png_claims(60_000, 60_000),
        "png-49-megapixels": saved(Image.new("L", (7000, 7000)), "PNG"),
        "png-text-of-64-mib": _png_with(b"zTXt", b"k\0\0" + _squeezed(64)),
        "png-profile-of-64-mib": _png_with(b"iCCP", b"k\0\0" + _squeezed(64)),
        "png-pixels-beyond-its-size": _png_overfull(),
        "gif-frames": _gif_repeated(100, side=3000),
        "gif-frames-without-pixels": gif_frames(900, side=6000),
        "gif-frame-beyond-its-canvas": gif_frames(1, side=65_535),
        "tiff-strips": _tiff_strips(50_000),
        "tiff-strips-that-overlap": _tiff_strips(20_000, same=True),
        "tiff-deflate": _tiff_deflate(),
        "webp-16384x16384": riff(vp8x(0, (16_384, 16_384)), riff_chunk(b"VP8 ", bytes(64))),
        "webp-canvas-and-picture-differ": _webp_lies(),
        "avif-65535x65535": _avif_claims(65_535),
        "avif-says-it-is-small": _avif_claims(1),
        "bmp-2-gigapixels": b"BM" + bytes(12) + _bmp_header(2**31 - 1, 1) + bytes(64),
        "bmp-negative": b"BM" + bytes(12) + _bmp_header(-(2**31), -(2**31)) + bytes(64),
    }


def crowds():
    """Animations of ten thousand frames, by name: as many as they say, and as many as they hold."""
    return {
        "gif": gif_frames(FRAMES, side=1),
        "png": _png_frames(FRAMES),
        "png-that-only-says-so": moving("crowd", "PNG").replace(
            struct.pack(">II", 3, 0), struct.pack(">II", FRAMES, 0), 1
        ),
        "webp": _webp_frames(FRAMES),
        "tiff": _tiff_pages(FRAMES),
    }


def gif_frames(count, *, side):
    head = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + bytes(6)
    frame = b"\x2c" + struct.pack("<4H", 0, 0, side, side) + b"\0\x02\x02\x44\x01\0"
    return head + frame * count + b";"


def _gif_repeated(count, *, side):
    """One large frame of one colour, again and again: a gigapixel in two megabytes."""
    gif = saved(Image.new("P", (side, side)), "GIF")
    at = gif.index(b"\x2c\0\0\0\0")
    return gif[:at] + gif[at:-1] * count + b";"


def _squeezed(mebibytes):
    return zlib.compress(bytes(mebibytes * _MIB), 9)


def _png_claims(width, height):
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return png_header(width, height) + pixels + chunk(b"IEND", b"")


def _png_with(kind, body):
    png = plain("image/png", "with")
    at = png.index(b"IDAT") - 4
    return png[:at] + chunk(kind, body) + png[at:]


def _png_overfull():
    return png_header(8, 8) + chunk(b"IDAT", _squeezed(256)) + chunk(b"IEND", b"")


def _png_frames(count):
    """An APNG whose frames are one pixel each."""
    pixel = zlib.compress(b"\0\0\0\0")
    parts = [png_header(1, 1), chunk(b"acTL", struct.pack(">II", count, 0))]
    for number in range(count):
        control = struct.pack(">IIIIIHHBB", 2 * number, 1, 1, 0, 0, 1, 10, 0, 0)
        parts.append(chunk(b"fcTL", control))
        data = pixel if number == 0 else struct.pack(">I", 2 * number - 1) + pixel
        parts.append(chunk(b"IDAT" if number == 0 else b"fdAT", data))
    return b"".join([*parts, chunk(b"IEND", b"")])


def _webp_frames(count):
    lossless = saved(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    frame = riff_chunk(b"ANMF", bytes(12) + b"\x0a\0\0\0" + lossless)
    return riff(vp8x(2, (1, 1)), riff_chunk(b"ANIM", bytes(6)), *[frame] * count)


def _webp_lies():
    picture = saved(Image.new("RGB", (4000, 4000)), "WEBP")[12:]
    return riff(vp8x(0, (2, 2)), picture)


def _tiff(entries, pages=1):
    """A TIFF of one directory, little-endian, or of many that are the same one pixel."""
    at, parts = 8, []
    for page in range(pages):
        size = 2 + 12 * len(entries) + 4
        following = at + size if page + 1 < pages else 0
        lines = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        parts.append(struct.pack("<H", len(entries)) + lines + struct.pack("<I", following))
        at += size
    return b"II*\0\x08\0\0\0" + b"".join(parts)


def _tiff_strips(count, *, same=False):
    """One row to a strip, each with a place and a length of its own, or all the same."""
    long, short = 4, 3
    width = 100
    tables_at = 8 + 2 + 12 * 9 + 4
    data_at = tables_at + 8 * count
    entries = [
        (256, long, 1, width),
        (257, long, 1, count),
        (258, short, 1, 8),
        (259, short, 1, 1),
        (262, short, 1, 1),
        (273, long, count, tables_at),
        (277, short, 1, 1),
        (278, long, 1, 1),
        (279, long, count, tables_at + 4 * count),
    ]
    places = [data_at + (0 if same else width * row) for row in range(count)]
    tables = struct.pack(f"<{count}I", *places) + struct.pack(f"<{count}I", *[width] * count)
    return _tiff(entries) + tables + bytes(width if same else width * count)


def _tiff_deflate():
    """One strip of 48 MiB of nothing."""
    return saved(Image.new("L", (7000, 7000)), "TIFF", compression="tiff_adobe_deflate")


def _tiff_pages(count):
    long, short = 4, 3
    entries = [
        (256, long, 1, 1),
        (257, long, 1, 1),
        (258, short, 1, 8),
        (259, short, 1, 1),
        (262, short, 1, 1),
        (273, long, 1, 8),
        (278, long, 1, 1),
        (279, long, 1, 1),
    ]
    return _tiff(entries, pages=count)


def _avif_claims(side):
    data = plain("image/avif", f"avif-{side}")
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", side, side) + data[at + 8 :]


def _bmp_header(width, height):
    return struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def icc_of(content_type, profile):
    file = io.BytesIO(plain(content_type, repr(profile[:40])))
    form = "JPEG" if content_type == "image/jpeg" else "PNG"
    with Image.open(file) as image:
        return saved(image, form, icc_profile=profile)
