"""Files that are two things at once, or none, and metadata that bites."""

import io
import random
import struct
import zipfile

from PIL import Image

from tests.hostile.bombs import icc_of
from tests.hostile.seeds import drawing, plain, saved, seeds
from tests.unit.webapp.uploads.samples import (
    chunk,
    exif_segment,
    segment,
    with_chunks,
    with_extensions,
    with_segments,
)

SCRIPT = b"<script>alert('shoebox')</script>"
"""Must not be in what is served of a type that is cleaned."""
CUT_EVERY = 1000


def polyglots():
    """By name: what a browser, an archiver or a PDF reader would take for theirs."""
    gif, jpeg, png = (plain(f"image/{t}", f"two-{t}") for t in ("gif", "jpeg", "png"))
    return {
        "gif-js": gif + b"/*" + SCRIPT + b"*/=1;alert(1)",
        "gif-js-in-a-comment": with_extensions(
            plain("image/gif", "js"), b"\x21\xfe" + bytes((len(SCRIPT),)) + SCRIPT + b"\0"
        ),
        "gif-js-by-its-size": b"GIF89a/*" + gif[8:] + b"*/=1;" + SCRIPT,
        "jpeg-zip": jpeg + _archive(),
        "jpeg-html-in-a-comment": with_segments(
            plain("image/jpeg", "html"), segment(0xFE, SCRIPT), segment(0xE9, SCRIPT)
        ),
        "jpeg-pdf": plain("image/jpeg", "pdf") + _document(),
        "pdf-jpeg": _document() + jpeg,
        "png-html": with_chunks(png, chunk(b"tEXt", b"Comment\0" + SCRIPT)) + SCRIPT,
        "webp-html": plain("image/webp", "html") + SCRIPT,
        "zip-jpeg": _archive() + jpeg,
    }


def strangers():
    """By name: no pictures, whatever they are called."""
    return {
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "svg-after-xml": b'<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg xmlns="x"/>',
        "html": b"<!doctype html><title>x</title>" + SCRIPT,
        "html-after-spaces": b" " * 600 + b"<html>" + SCRIPT,
        "script": b"alert(1)",
        "php": b"<?php system($_GET['c']); ?>",
        "pdf": _document(),
        "zip": _archive(),
        "elf": b"\x7fELF" + bytes(60),
        "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100),
        "noise": random.Random(1).randbytes(5000),
        "zeros": bytes(5000),
    }


def metadata():
    """By name: EXIF in loops, large GPS, profiles of garbage."""
    noise = random.Random(2).randbytes
    return {
        **{f"exif-loop-{name}": body for name, body in _exif_loops().items()},
        "gps-of-60-kb": _with_exif(_large_gps()),
        "icc-noise": icc_of("image/jpeg", noise(3000)),
        "icc-noise-png": icc_of("image/png", noise(3001)),
        "icc-says-it-is-4-gib": icc_of("image/jpeg", b"\xff\xff\xff\xff" + noise(200)),
        "icc-empty-tags": icc_of("image/jpeg", _profile(tags=0xFFFFFFFF)),
        "icc-pieces-out-of-order": with_segments(
            plain("image/jpeg", "icc"),
            *(segment(0xE2, b"ICC_PROFILE\0" + bytes((n, 9)) + noise(50)) for n in (7, 7, 0, 255)),
        ),
    }


def unusual():
    """By name: rare and right."""
    return {
        "cmyk": saved(drawing("cmyk", mode="CMYK"), "JPEG"),
        "cmyk-tiff": saved(drawing("cmyk-tiff", mode="CMYK"), "TIFF"),
        "16-bit": saved(drawing("16", mode="I;16"), "PNG"),
        "16-bit-tiff": saved(drawing("16-tiff", mode="I;16"), "TIFF"),
        "palette-with-alpha": saved(drawing("pa", mode="P"), "PNG", transparency=bytes(range(64))),
        "one-bit": saved(drawing("1", mode="1"), "PNG"),
        "grey-with-alpha": saved(drawing("la", mode="LA"), "PNG"),
        **{f"1x65535-{form}": _line((1, 65_535), form) for form in ("PNG", "GIF", "TIFF", "BMP")},
        **{f"65535x1-{form}": _line((65_535, 1), form) for form in ("PNG", "TIFF")},
        "1x65500-JPEG": _line((1, 65_500), "JPEG"),  # as many as its library writes
        "1x16383-WEBP": _line((1, 16_383), "WEBP"),
        "1x1-GIF": _line((1, 1), "GIF"),
    }


def cut_off():
    """Each honest picture, larger than its seed, cut off at every thousandth byte, by name."""
    found = {}
    for name, body in _larger().items():
        for end in range(CUT_EVERY, len(body), CUT_EVERY):
            found[f"{name}-{end}"] = body[:end]
    return found


def _larger():
    image = drawing("cut", (260, 200))
    grain = Image.effect_noise(image.size, 60).convert("RGB")
    image = Image.blend(image, grain, 0.3)
    forms = {
        "jpeg": ("JPEG", {"quality": 60}),
        "jpeg-progressive": ("JPEG", {"quality": 50, "progressive": True}),
        "webp": ("WEBP", {"quality": 60}),
        "avif": ("AVIF", {"quality": 60}),
        "heic": ("HEIF", {"quality": 50}),
    }
    small = image.resize((80, 60))
    found = {name: saved(image, form, **options) for name, (form, options) in forms.items()}
    found |= {form.lower(): saved(small, form) for form in ("PNG", "GIF", "TIFF", "BMP")}
    return found


def _line(size, form):
    mode = "P" if form == "GIF" else "RGB"
    return saved(drawing(f"{size}{form}", size, mode), form)


def _archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.html", SCRIPT)
    return file.getvalue()


def _document():
    return b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n" + SCRIPT


def _with_exif(block):
    return with_segments(plain("image/jpeg", repr(block[:60])), exif_segment(block))


def _exif_loops():
    """Directories that lead to themselves, to each other and out of the file."""

    def block(*pointers, following):
        lines = b"".join(struct.pack("<HHII", tag, 4, 1, at) for tag, at in pointers)
        return b"II*\0\x08\0\0\0" + struct.pack("<H", len(pointers)) + lines + following

    to_itself = struct.pack("<I", 8)
    nowhere = struct.pack("<I", 0xFFFFFFF0)
    return {
        "next": _with_exif(block((0x0112, 6), following=to_itself)),
        "sub": _with_exif(block((0x8769, 8), (0x8825, 8), (0x014A, 8), following=bytes(4))),
        "nowhere": _with_exif(block((0x8769, 0xFFFFFFF0), following=nowhere)),
        "png": with_chunks(
            plain("image/png", "loop"), chunk(b"eXIf", block((0x8769, 8), following=to_itself))
        ),
        "webp": saved(drawing("loop"), "WEBP", exif=block((0x8769, 8), following=to_itself)),
    }


def _large_gps():
    filling = b"48.8584N-2.2945E" * 3750
    gps_at = 8 + 2 + 12 + 4
    head = struct.pack("<HHHIII", 1, 0x8825, 4, 1, gps_at, 0)
    gps = struct.pack("<HHHIII", 1, 0x001D, 2, len(filling), gps_at + 18, 0)
    return b"II*\0\x08\0\0\0" + head + gps + filling


def _profile(*, tags):
    head = bytearray(128)
    head[0:4] = struct.pack(">I", 132)
    head[12:24] = b"mntrRGB XYZ "
    head[36:40] = b"acsp"
    return bytes(head) + struct.pack(">I", tags)


def wrong_names():
    """Each type under the extension and the content type of every other: (sent, said, body)."""
    honest = {
        "image/jpeg": "jpeg",
        "image/png": "png",
        "image/webp": "webp",
        "image/gif": "gif",
        "image/avif": "avif",
        "image/heic": "heic",
        "image/tiff": "tiff",
        "image/bmp": "bmp",
    }
    for sent, name in honest.items():
        for said in [*honest, "text/html", "image/svg+xml", "application/octet-stream"]:
            if said != sent:
                yield sent, said, seeds()[name]
