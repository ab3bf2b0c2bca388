"""Seeded damage to honest pictures: the same number gives the same bytes on every machine."""

import random

from tests.hostile.bombs import bombs
from tests.hostile.odd import metadata, polyglots, unusual
from tests.hostile.seeds import seeds

_SMALL = 64 * 1024
_TELLING = (0, 1, 0x7F, 0x80, 0xFF)
_HEAD = 200


def corpus():
    """What is damaged: honest and hostile pictures that are small."""
    found = {**seeds(), **polyglots(), **metadata(), **unusual(), **bombs()}
    return {name: body for name, body in found.items() if len(body) < _SMALL}


def mutated(bodies, number):
    """Return the name and the bytes of mutation ``number``."""
    choose = random.Random(number)
    name = choose.choice(sorted(bodies))
    data = bytearray(bodies[name])
    for _ in range(choose.choice((1, 1, 2, 4, 16))):
        choose.choice(_WAYS)(data, choose, bodies)
    return name, bytes(data)


def _place(data, choose):
    end = len(data) if choose.random() < 0.5 else min(_HEAD, len(data))
    return choose.randrange(max(end, 1))


def _set(data, choose, _bodies):
    if data:
        data[_place(data, choose)] = choose.choice((*_TELLING, choose.randrange(256)))


def _flip(data, choose, _bodies):
    if data:
        data[_place(data, choose)] ^= 1 << choose.randrange(8)


def _number(data, choose, _bodies):
    """Write a length or an offset as parsers hate it."""
    width = choose.choice((2, 4, 8))
    value = choose.choice((0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, len(data)))
    order = choose.choice(("big", "little"))
    at = _place(data, choose)
    data[at : at + width] = (value % 2 ** (8 * width)).to_bytes(width, order)


def _cut(data, choose, _bodies):
    del data[_place(data, choose) :]


def _drop(data, choose, _bodies):
    at = _place(data, choose)
    del data[at : at + choose.choice((1, 2, 4, 100))]


def _insert(data, choose, _bodies):
    at = _place(data, choose)
    data[at:at] = choose.randbytes(choose.choice((1, 4, 100, 3000)))


def _repeat(data, choose, _bodies):
    at = _place(data, choose)
    piece = bytes(data[at : at + choose.choice((4, 64, 1000))])
    data[at:at] = piece * choose.choice((1, 3, 50))


def _splice(data, choose, bodies):
    """Go on as another picture."""
    other = bodies[choose.choice(sorted(bodies))]
    data[_place(data, choose) :] = other[choose.randrange(len(other)) :]


_WAYS = (_set, _set, _set, _flip, _flip, _number, _number, _cut, _drop, _insert, _repeat, _splice)
