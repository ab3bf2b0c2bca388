"""Makes the picture of the first photo: nothing on disk, never the same twice."""

import io
import random

from PIL import Image

SIZE = (4000, 3000)
QUALITY = 88


def picture_make() -> bytes:
    """Return a JPEG of 12 megapixels: a gradient in random colours under noise.

    Random, so that a second start uploads an image of its own instead of a duplicate.
    """
    light = Image.linear_gradient("L").resize(SIZE)
    # Noise at half the size, enlarged: about as hard to encode as a photo.
    noise = Image.effect_noise((SIZE[0] // 2, SIZE[1] // 2), 40).resize(SIZE)
    bands = [
        Image.blend(light.point(_curve()), noise, 0.25),
        Image.blend(light.rotate(180).point(_curve()), noise, 0.25),
        Image.blend(noise, light, 0.5).point(_curve()),
    ]
    body = io.BytesIO()
    Image.merge("RGB", bands).save(body, "JPEG", quality=QUALITY)
    return body.getvalue()


def _curve() -> list[int]:
    lowest, span = random.randrange(128), random.randrange(64, 128)  # noqa: S311  # colours
    return [lowest + value * span // 255 for value in range(256)]
