"""Image ids: the name says where the bytes are.

``K VVV RRRRRRRRRRRRRRRRRRRR``: kind, topology version, 100 random bits, all in lower-case
Crockford base32. The first three random characters are the partition.
"""

import re
import secrets
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from webapp.core.errors import MalformedIdError, MalformedRequestError

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_LENGTH = 24
RANDOM_LENGTH = 20
PARTITION_COUNT = 32 * 32 * 32
MAX_VERSION = PARTITION_COUNT - 1

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_ID = re.compile(r"[ps][0-9a-hjkmnp-tv-z]{23}")


class Kind(StrEnum):
    """Who may read an image; the first character of its id."""

    PUBLIC = "p"
    SIGNED = "s"


KIND_WORDS = MappingProxyType(
    {"p": Kind.PUBLIC, "public": Kind.PUBLIC, "s": Kind.SIGNED, "signed": Kind.SIGNED}
)
"""What clients may write for a kind."""


def kind_parse(text: str) -> Kind:
    """Return the kind a client means.

    Raises:
        MalformedRequestError: There is no such kind.
    """
    if text not in KIND_WORDS:
        raise MalformedRequestError(f"kind {text[:32]!r} is neither 'p' (public) nor 's' (signed).")
    return KIND_WORDS[text]


class ImageId(NamedTuple):
    """A parsed id. ``str()`` gives it back as it was written."""

    kind: Kind
    version: int
    random: str

    @property
    def partition(self) -> str:
        """The slice of names this id belongs to, three characters."""
        return self.random[:3]

    def __str__(self) -> str:
        return f"{self.kind}{number_encode(self.version)}{self.random}"


def number_encode(number: int) -> str:
    """Return 0 to 32767 as three characters.

    Raises:
        ValueError: The number does not fit.
    """
    if not 0 <= number <= MAX_VERSION:
        message = f"{number} is not between 0 and {MAX_VERSION}"
        raise ValueError(message)
    return ALPHABET[number >> 10] + ALPHABET[number >> 5 & 31] + ALPHABET[number & 31]


def number_decode(text: str) -> int:
    """Return the number that three characters stand for; inverse of ``number_encode``.

    Raises:
        ValueError: Not three characters of the alphabet.
    """
    if len(text) != 3 or any(character not in _VALUE for character in text):  # noqa: PLR2004 - the sentence says three
        message = f"{text!r} is not three characters of {ALPHABET}"
        raise ValueError(message)
    return _VALUE[text[0]] << 10 | _VALUE[text[1]] << 5 | _VALUE[text[2]]


def id_make(*, kind: Kind, version: int) -> ImageId:
    """Return a new id nobody can guess, in a random partition of ``version``."""
    bits = secrets.randbits(RANDOM_LENGTH * 5)
    random = "".join(ALPHABET[bits >> shift & 31] for shift in range(0, RANDOM_LENGTH * 5, 5))
    number_encode(version)  # refuses a version no name can carry
    return ImageId(kind, version, random)


@lru_cache(maxsize=1024)
def id_parse(text: str) -> ImageId:
    """Return the parts of an id. Cached: a request asks for those of one image many times.

    Raises:
        MalformedIdError: Not an id. Upper case and look-alikes are refused, so that an
            image has one name.
    """
    if not _ID.fullmatch(text):
        raise MalformedIdError(id=text[:64])
    return ImageId(Kind(text[0]), number_decode(text[1:4]), text[4:])


def all_partitions() -> list[str]:
    """Return every partition in order, ``000`` to ``zzz``."""
    return [number_encode(number) for number in range(PARTITION_COUNT)]
