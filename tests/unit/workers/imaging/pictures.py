"""Pictures for these tests: small, generated, and easy to tell which way up they are."""

import io
import struct
import zlib

import pillow_heif
from PIL import Image

from workers.imaging.model import Rendition

RED, GREEN, BLUE, WHITE = (230, 20, 20), (20, 200, 20), (20, 20, 230), (250, 250, 250)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "TIFF", "BMP")
NEAR = 24
"""Largest difference per channel that encoding a flat colour was seen to make."""

pillow_heif.register_heif_opener()


def quadrants(width=96, height=64, mode="RGB"):
    """Red at the top left, green at the top right, blue and white below."""
    image = Image.new("RGB", (width, height), WHITE)
    middle_x, middle_y = width // 2, height // 2
    image.paste(RED, (0, 0, middle_x, middle_y))
    image.paste(GREEN, (middle_x, 0, width, middle_y))
    image.paste(BLUE, (0, middle_y, middle_x, height))
    return image.convert(mode)


def noise(width, height, mode="RGB"):
    """Incompressible, so that it costs its decoder and encoders something."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    plane = Image.effect_noise((width, height), 80)
    return Image.merge(mode, [plane.rotate(180 * band) for band in range(bands)])


def encoded(image, image_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return io.BytesIO(buffer.getvalue())


def shown(rendition: Rendition):
    return Image.open(io.BytesIO(rendition.data)).convert("RGBA")


def corners(image):
    """The colours near top left, top right, bottom left and bottom right."""
    near_x, near_y = image.width // 5, image.height // 5
    far_x, far_y = image.width - near_x, image.height - near_y
    places = ((near_x, near_y), (far_x, near_y), (near_x, far_y), (far_x, far_y))
    return [image.getpixel(place)[:3] for place in places]


def is_near(seen, expected, tolerance=NEAR):
    return all(abs(a - b) <= tolerance for a, b in zip(seen, expected, strict=True))


def is_upright(image):
    expected = (RED, GREEN, BLUE, WHITE)
    return all(is_near(a, b) for a, b in zip(corners(image), expected, strict=True))


def png(width, height, *, depth, colour_type, rows, chunks=()):
    """A PNG of any kind, also those Pillow does not write.

    Args:
        width: As announced.
        height: As announced.
        depth: Bits per channel.
        colour_type: 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha.
        rows: Raw rows, each after its filter byte.
        chunks: (type, data) pairs before the pixels.
    """
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts))


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
