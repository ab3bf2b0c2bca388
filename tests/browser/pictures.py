"""Landscapes that nobody took: something to look at, each seed another one."""

import io
import itertools
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SKIES = [
    ((252, 214, 170), (92, 108, 160)),
    ((255, 236, 200), (240, 128, 96)),
    ((222, 238, 246), (84, 148, 206)),
    ((250, 224, 226), (120, 96, 148)),
    ((214, 234, 220), (60, 120, 130)),
    ((46, 60, 104), (12, 16, 40)),
]
LAYERS = 6


def landscape(*, seed, size=(2400, 1600)):
    """Return an RGB picture: a sky, a sun or moon, ridge behind ridge in the haze."""
    chance = random.Random(seed)
    low, high = SKIES[seed % len(SKIES)]
    picture = _sky(size, low, high)
    _sun(picture, chance)
    near = tuple(int(channel * 0.22) for channel in high)
    for layer in range(LAYERS):
        depth = (layer + 1) / LAYERS
        colour = tuple(int(a + (b - a) * depth) for a, b in zip(low, near, strict=True))
        _ridge(picture, chance, colour, depth)
    return _grain(picture)


def photo(*, seed, size=(2400, 1600)):
    """Return the landscape as the bytes of a JPEG."""
    body = io.BytesIO()
    landscape(seed=seed, size=size).save(body, "JPEG", quality=88)
    return body.getvalue()


def _sky(size, low, high):
    fall = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, low), Image.new("RGB", size, high), fall)


def _sun(picture, chance):
    width, height = picture.size
    radius = width * chance.uniform(0.03, 0.06)
    x, y = width * chance.uniform(0.2, 0.8), height * chance.uniform(0.22, 0.42)
    light = Image.new("RGB", picture.size)
    for scale, colour in ((3.2, (48, 36, 20)), (1.0, (255, 246, 222))):
        box = (x - radius * scale, y - radius * scale, x + radius * scale, y + radius * scale)
        ImageDraw.Draw(light).ellipse(box, fill=colour)
        light = light.filter(ImageFilter.GaussianBlur(radius * (0.8 if scale > 1 else 0.04)))
    picture.paste(ImageChops.screen(picture, light))


def _ridge(picture, chance, colour, depth):
    """Paint one ridge: midpoints moved up and down, less with every halving."""
    width, height = picture.size
    base = height * (0.45 + 0.45 * depth)
    heights = [base + height * chance.uniform(-0.1, 0.1) for _ in range(3)]
    sway = height * 0.16 * (1.1 - 0.6 * depth)
    while len(heights) < 400:
        halves = itertools.pairwise(heights)
        middles = [(a + b) / 2 + chance.uniform(-sway, sway) for a, b in halves]
        pairs = zip(heights, [*middles, None], strict=True)
        heights = [value for pair in pairs for value in pair if value is not None]
        sway *= 0.52
    step = width / (len(heights) - 1)
    line = [(index * step, y) for index, y in enumerate(heights)]
    ImageDraw.Draw(picture).polygon([*line, (width, height), (0, height)], fill=colour)


def _grain(picture):
    noise = Image.effect_noise(picture.size, 12).convert("RGB")
    return Image.blend(picture, ImageChops.overlay(picture, noise), 0.5)
