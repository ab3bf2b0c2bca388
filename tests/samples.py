"""Pictures to send to a whole Shoebox: easy to tell which way up, and no two alike."""

import io
import secrets
import zlib

from PIL import Image

from tests.unit.workers.imaging.pictures import noise, quadrants

SIZE = (640, 480)
SIDEWAYS = 6
"""EXIF orientation: shown upright after a quarter turn to the right."""
ORIENTATION = 0x0112


def picture(width=SIZE[0], height=SIZE[1]):
    """Four quadrants around a patch of noise that no other call made."""
    image = quadrants(width, height)
    patch = Image.frombytes("RGB", (8, 8), secrets.token_bytes(192)).resize((32, 32))
    image.paste(patch, (width // 2 - 16, height // 2 - 16))
    return image


def jpeg(**size):
    return _bytes(picture(**size), "JPEG", quality=90)


def rotated_jpeg():
    """A photo of a camera held sideways: the pixels lie, EXIF says how to turn them."""
    exif = Image.Exif()
    exif[ORIENTATION] = SIDEWAYS
    lying = picture().transpose(Image.Transpose.ROTATE_90)
    return _bytes(lying, "JPEG", quality=90, exif=exif)


def png_with_alpha():
    image = picture().convert("RGBA")
    image.paste((0, 0, 0, 0), (300, 300, 340, 340))
    return _bytes(image, "PNG")


def webp():
    return _bytes(picture(), "WEBP", quality=90)


def gif():
    frames = [picture().quantize(256) for _ in range(3)]
    return _bytes(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


def heic():
    return _bytes(picture(), "HEIF")


def slow_jpeg():
    """Twelve megapixels of noise: long to decode and to encode."""
    return _bytes(noise(4000, 3000), "JPEG", quality=80)


def long_to_encode():
    """Noise as wide as the largest rendition: decoded at once, encoded at its full size."""
    tall = noise(1600, 8000, "L")
    return _bytes(tall, "PNG", compress_level=1)


def poison():
    """A picture whose header is in order and whose pixels are garbage."""
    body = png_with_alpha()
    at = body.index(b"IDAT")
    length = int.from_bytes(body[at - 4 : at])
    # No stream begins like this; of random ones one in a thousand does, and then ends too early.
    garbage = b"IDAT\xff\xff" + secrets.token_bytes(length - 2)
    checked = garbage + zlib.crc32(garbage).to_bytes(4)
    return body[:at] + checked + body[at + 8 + length :]


def _bytes(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
