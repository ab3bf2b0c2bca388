"""One honest picture of every type and kind: what hostile ones are made from."""

import functools
import io
import random

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/tiff": "tiff",
    "image/bmp": "bmp",
}
_PILLOW = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
}


def drawing(seed, size=(72, 60), mode="RGB"):
    """A picture that no other seed gives, some of it smooth and some of it noise."""
    noise = random.Random(seed).randbytes(6 * 5 * 3)
    image = Image.frombytes("RGB", (6, 5), noise).resize(size, Image.Resampling.BICUBIC)
    if mode == "P":
        return image.quantize(64)
    return image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)


def saved(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def moving(seed, form, frames=3, **options):
    first, *rest = [drawing(f"{seed}/{number}") for number in range(frames)]
    return saved(first, form, save_all=True, append_images=rest, **options)


def plain(content_type, seed, **options):
    """A picture of one type."""
    mode = "P" if content_type == "image/gif" else "RGB"
    return saved(drawing(seed, mode=mode), _PILLOW[content_type], **options)


@functools.cache
def seeds():
    """Every type in the kinds that its decoders tell apart, by name."""
    return {
        "jpeg": plain("image/jpeg", 1),
        "jpeg-progressive": plain("image/jpeg", 2, progressive=True, icc_profile=b"p" * 200),
        "jpeg-cmyk": saved(drawing(3, mode="CMYK"), "JPEG"),
        "jpeg-grey": saved(drawing(4, mode="L"), "JPEG", optimize=True),
        "png": plain("image/png", 5),
        "png-16-bit": saved(drawing(6, mode="I;16"), "PNG"),
        "png-palette": saved(drawing(7, mode="P"), "PNG", transparency=3),
        "png-moving": moving(8, "PNG"),
        "webp": plain("image/webp", 9),
        "webp-lossless": plain("image/webp", 10, lossless=True),
        "webp-moving": moving(11, "WEBP"),
        "gif": plain("image/gif", 12),
        "gif-moving": moving(13, "GIF", duration=50, loop=0),
        "avif": plain("image/avif", 14),
        "heic": plain("image/heic", 15),
        "tiff": plain("image/tiff", 16),
        "tiff-pages": moving(17, "TIFF", compression="tiff_lzw"),
        "bmp": plain("image/bmp", 18),
        "bmp-palette": saved(drawing(19, mode="P"), "BMP"),
    }
