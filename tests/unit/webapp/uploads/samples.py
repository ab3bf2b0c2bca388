"""Pictures and pieces of pictures, made here: no file of somebody's life is needed."""

import io
import struct
import tempfile
import zlib
from pathlib import Path

import pillow_heif
from PIL import Image

from webapp.intake.metadata import MetadataPolicy, strip
from webapp.intake.probe import Probe, ProbeLimits, probe

pillow_heif.register_heif_opener()

SECRET = b"48.8584N-2.2945E"
"""Planted wherever something may hide; must not be found afterwards."""
LIMITS = ProbeLimits()
STRIP_LOCATION = MetadataPolicy.STRIP_LOCATION
STRIP_ALL = MetadataPolicy.STRIP_ALL


def picture(mode="RGB", size=(40, 30)):
    gradient = Image.linear_gradient("L").resize(size)
    if mode == "P":
        return gradient.convert("RGB").quantize(16)
    if mode == "I;16":
        return gradient.convert("I;16")
    return Image.merge("RGB", (gradient, gradient.rotate(90), gradient)).convert(mode)


def encoded(pillow_format, image=None, **options):
    file = io.BytesIO()
    (image or picture()).save(file, pillow_format, **options)
    return file.getvalue()


def animated(pillow_format, frames=3, **options):
    pictures = [Image.new("RGB", (8, 6), (20 * n, 0, 255 - 20 * n)) for n in range(frames)]
    return encoded(pillow_format, pictures[0], save_all=True, append_images=pictures[1:], **options)


def decoded(data):
    """Return every frame's pixels, as an independent decoder sees them."""
    with Image.open(io.BytesIO(data)) as image:
        frames = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append((image.mode, image.size, image.tobytes()))
        return frames


def timings(data):
    """Return how often an animation repeats, and each frame's milliseconds and disposal."""
    with Image.open(io.BytesIO(data)) as image:
        frames = []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append((image.info.get("duration"), image.disposal_method))
        return image.info.get("loop"), frames


def profile_of(data):
    with Image.open(io.BytesIO(data)) as image:
        return image.info.get("icc_profile")


def exif_of(data):
    """Return main and EXIF directory, as an independent reader sees them."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        exif = image.getexif()
        return dict(exif), dict(exif.get_ifd(0x8769)), dict(exif.get_ifd(0x8825))


def probe_bytes(data, *, limits=LIMITS, name="upload") -> Probe:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return probe(path, limits=limits)


def strip_bytes(data, content_type, *, policy=STRIP_LOCATION) -> bytes:
    """Return the bytes that would be kept: the cleaned ones, or the same when clean."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        source.write_bytes(data)
        changed = strip(source, target, content_type=content_type, policy=policy)
        assert changed == target.exists()
        assert source.read_bytes() == data
        return target.read_bytes() if changed else data


# TIFF, as in EXIF


def directory(order, at, entries, following=0):
    """Return a directory at ``at``; entries are (tag, kind, count, value bytes)."""
    values_at = at + 2 + 12 * len(entries) + 4
    lines, values = struct.pack(order + "H", len(entries)), b""
    for tag, kind, count, value in entries:
        inline = value.ljust(4, b"\0")
        if len(value) > 4:
            inline = struct.pack(order + "I", values_at + len(values))
            values += value
        lines += struct.pack(order + "HHI", tag, kind, count) + inline
    return lines + struct.pack(order + "I", following) + values


def tiff_block(order, entries, exif=(), gps=()):
    """Return an EXIF block with the directories a camera writes, and a gap between them."""

    def head(pointers):
        return directory(order, 8, [*entries, *pointers])

    def pointer(tag, offset):
        return (tag, 4, 1, struct.pack(order + "I", offset))

    length = 8 + len(head([pointer(0x8769, 0), pointer(0x8825, 0)]))
    exif_at = length + len(SECRET)
    exif_directory = directory(order, exif_at, list(exif))
    gps_at = exif_at + len(exif_directory)
    mark = b"II" if order == "<" else b"MM"
    return (
        mark
        + struct.pack(order + "HI", 42, 8)
        + head([pointer(0x8769, exif_at), pointer(0x8825, gps_at)])
        + SECRET
        + exif_directory
        + directory(order, gps_at, list(gps))
    )


def text(tag, value):
    return (tag, 2, len(value) + 1, value + b"\0")


def camera_exif(order="<", orientation=6):
    """Return EXIF as a telephone writes it, with the secret in every corner."""
    blob = SECRET * 4
    return tiff_block(
        order,
        [
            text(0x010E, SECRET),  # ImageDescription
            text(0x010F, b"Maker"),
            text(0x0110, b"Model 7"),
            (0x0112, 3, 1, struct.pack(order + "H", orientation)),
            text(0x0132, b"2024:05:06 07:08:09"),
            (0x02BC, 1, len(blob), blob),  # XMP
            (0x83BB, 7, len(blob), blob),  # IPTC
            (0x9C9C, 1, len(blob), blob),  # XPComment
        ],
        exif=[
            (0x829A, 5, 1, struct.pack(order + "II", 1, 250)),
            (0x8827, 3, 1, struct.pack(order + "H", 200)),
            text(0x9003, b"2024:05:06 07:08:09"),
            (0x927C, 7, len(blob), blob),  # MakerNote
            (0x9286, 7, len(blob), blob),  # UserComment
            text(0xA431, SECRET),  # BodySerialNumber
            (0xBEEF, 7, len(blob), blob),  # nobody's
        ],
        gps=[text(0x0001, b"N"), text(0x001D, SECRET)],
    )


# JPEG


def segment(marker, body):
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def exif_segment(block):
    return segment(0xE1, b"Exif\0\0" + block)


def with_segments(jpeg, *segments):
    """Return the JPEG with segments right after SOI."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


# PNG


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(png, *chunks, before=b"IDAT"):
    at = png.index(before) - 4
    return png[:at] + b"".join(chunks) + png[at:]


def png_header(width, height):
    return b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    )


# WebP


def riff_chunk(kind, body):
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8x(flags, size=(40, 30)):
    width, height = size
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return riff_chunk(b"VP8X", bytes((flags, 0, 0, 0)) + canvas)


# GIF


def sub_blocks(content):
    """Return content in blocks as full as they may be, and the empty one that ends them."""
    parts = [content[at : at + 255] for at in range(0, len(content), 255)]
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


def gif_extension(label, *contents):
    """Return an extension; each content is a sub-block of its own."""
    return bytes((0x21, label)) + b"".join(sub_blocks(part)[:-1] for part in contents) + b"\0"


def gif_xmp(packet=SECRET):
    """Return XMP as it lies in a GIF: bare, and made skippable by what follows it."""
    magic = b"\x01" + bytes(range(255, -1, -1))
    return b"\x21\xff\x0bXMP DataXMP" + packet + magic + b"\0"


def with_extensions(gif, *extensions, last=False):
    """Return the GIF with extensions before its first block, or behind its last frame."""
    at = len(gif) - 1 if last else 13 + (3 << (gif[10] & 7) + 1 if gif[10] & 0x80 else 0)
    return gif[:at] + b"".join(extensions) + gif[at:]
