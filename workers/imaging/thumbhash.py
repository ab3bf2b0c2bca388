"""ThumbHash: a whole picture in about 25 bytes, for the moment before it is there.

A cosine transform of lightness, of two colour differences and of alpha, of which the lowest
frequencies are kept, four bits each. Arithmetic only; fast because the transform is done along
rows first and then along columns.

Source:
    ThumbHash, Evan Wallace, https://evanw.github.io/thumbhash/.
"""

import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SIDE_MAX = 100
"""The format's own limit; a third of it gives the same hash but for a bit here and there."""

_OPAQUE = 255
_LIGHT, _LIGHT_BESIDE_ALPHA, _COLOUR, _ALPHA = 7, 5, 3, 5

Plane = list[list[float]]


def thumbhash(width: int, height: int, pixels: bytes) -> bytes:
    """Return the ThumbHash of a picture: 18 to 28 bytes, hardly more for a larger one.

    Args:
        width: Pixels, ``1 <= width <= SIDE_MAX``.
        height: Pixels, ``1 <= height <= SIDE_MAX``.
        pixels: RGBA, not premultiplied, row by row.
    """
    light, yellow, red, alpha = _planes(width, pixels)
    transparent = min(pixels[3::4]) < _OPAQUE
    most = _LIGHT_BESIDE_ALPHA if transparent else _LIGHT
    across = max(1, _round(most * width / max(width, height)))
    down = max(1, _round(most * height / max(width, height)))
    lights = _channel(light, max(3, across), max(3, down))
    yellows, reds = _channel(yellow, _COLOUR, _COLOUR), _channel(red, _COLOUR, _COLOUR)
    landscape = width > height
    first = (
        _round(63 * lights.mean)
        | _round(31.5 + 31.5 * yellows.mean) << 6
        | _round(31.5 + 31.5 * reds.mean) << 12
        | _round(31 * lights.scale) << 18
        | transparent << 23
    )
    second = (
        (down if landscape else across)
        | _round(63 * yellows.scale) << 3
        | _round(63 * reds.scale) << 9
        | landscape << 15
    )
    head = first.to_bytes(3, "little") + second.to_bytes(2, "little")
    channels = [lights, yellows, reds]
    if transparent:
        alphas = _channel(alpha, _ALPHA, _ALPHA)
        head += bytes([_round(15 * alphas.mean) | _round(15 * alphas.scale) << 4])
        channels.append(alphas)
    return head + _nibbles([term for channel in channels for term in channel.terms])


@dataclass(frozen=True, slots=True)
class _Channel:
    mean: float
    terms: list[float]
    scale: float


def _planes(width: int, pixels: bytes) -> tuple[Plane, Plane, Plane, Plane]:
    """Return lightness, yellow against blue, red against green, and alpha, each 0 to 1.

    What is transparent takes the mean colour of what is not.
    """
    alpha = [value / _OPAQUE for value in pixels[3::4]]
    visible = sum(alpha) or 1.0
    colours = []
    for band in range(3):
        values = [value / _OPAQUE for value in pixels[band::4]]
        mean = sum(map(operator.mul, values, alpha)) / visible
        colours.append([mean + a * (v - mean) for v, a in zip(values, alpha, strict=True)])
    triples = list(zip(*colours, strict=True))
    light = [(r + g + b) / 3 for r, g, b in triples]
    yellow = [(r + g) / 2 - b for r, g, b in triples]
    red = [r - g for r, g, _ in triples]
    return _rows(light, width), _rows(yellow, width), _rows(red, width), _rows(alpha, width)


def _rows(values: list[float], width: int) -> Plane:
    return [values[at : at + width] for at in range(0, len(values), width)]


def _channel(plane: Plane, across: int, down: int) -> _Channel:
    mean, *terms = _frequencies(plane, across, down)
    scale = max(map(abs, terms))
    if scale:
        terms = [0.5 + 0.5 / scale * term for term in terms]
    return _Channel(mean, terms, scale)


def _frequencies(plane: Plane, across: int, down: int) -> Iterator[float]:
    """Yield the terms of the triangle of low frequencies, the mean first."""
    width, height = len(plane[0]), len(plane)
    waves = [_wave(frequency, width) for frequency in range(across)]
    along = [[sum(map(operator.mul, row, wave)) for row in plane] for wave in waves]
    for y in range(down):
        wave = _wave(y, height)
        for x in range(across):
            if x * down < across * (down - y):
                yield sum(map(operator.mul, along[x], wave)) / (width * height)


def _wave(frequency: int, length: int) -> list[float]:
    return [math.cos(math.pi / length * frequency * (at + 0.5)) for at in range(length)]


def _nibbles(terms: Sequence[float]) -> bytes:
    values = [_round(15 * term) for term in terms]
    values += [0] * (len(values) % 2)
    return bytes(low | high << 4 for low, high in zip(values[::2], values[1::2], strict=True))


def _round(value: float) -> int:
    """Round halves up, as the format's own program does."""
    return math.floor(value + 0.5)
