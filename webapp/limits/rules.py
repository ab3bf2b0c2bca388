"""Which requests count towards which limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, parse

UPLOADS: Final = "/api/v1/images"
TUS: Final = "/api/v1/tus"
API: Final = "/api/"
SIGN_IN: Final = frozenset({"/login", "/admin/login/", "/sign-up"})
CHUNKS_PER_UPLOAD: Final = 50
"""A resumable upload comes in pieces: so many count as one upload."""
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit.

    Args:
        name: Told to who hits it: the setting's.
        rate: How many in which time.
        per: ``token`` or ``address``.
    """

    name: str
    rate: RateLimitItem
    per: str


@dataclass(frozen=True, slots=True)
class Rates:
    """Limits as settings write them, like ``100/minute``; an empty one is none."""

    upload_rate_per_token: str = ""
    upload_rate_per_address: str = ""
    api_rate_per_token: str = ""
    api_rate_per_address: str = ""
    sign_in_rate_per_address: str = ""


def rate_check(rate: str) -> str:
    """Return a rate that can be understood, as it is.

    Raises:
        ValueError: It cannot.
    """
    try:
        if rate:
            parse(rate)
    except ValueError:
        message = f"{rate!r} is not a rate like 100/minute"
        raise ValueError(message) from None
    return rate


class Rules:
    """Finds the limits of a request.

    Args:
        rates: As settings write them.
    """

    def __init__(self, rates: Rates) -> None:
        self._uploads = tuple(_rules("upload", rates))
        self._chunks = tuple(_rules("upload", rates, times=CHUNKS_PER_UPLOAD))
        self._calls = tuple(_rules("api", rates))
        self._sign_ins = tuple(_rules("sign_in", rates))

    def of(self, method: str, path: str, *, override: str = "") -> tuple[Rule, ...]:
        """Return the limits of a request, those per address first; none for one that reads.

        Args:
            method: As it was sent.
            path: Without the query.
            override: What a resumable upload's request may say it is instead.
        """
        if path.startswith(TUS) and method == "POST" and override.upper() == "PATCH":
            method = "PATCH"
        if method in _READING:
            return ()
        if path in SIGN_IN:
            return self._sign_ins
        if method == "POST" and path.rstrip("/") in {UPLOADS, TUS}:
            return self._uploads
        if method == "PATCH" and path.startswith(TUS):
            return self._chunks
        return self._calls


def _rules(kind: str, rates: Rates, *, times: int = 1) -> Iterator[Rule]:
    for per in ("address", "token"):
        name = f"{kind}_rate_per_{per}"
        if written := getattr(rates, name, ""):
            rate = parse(written)
            # The namespace keeps pieces from being counted as whole uploads.
            counted = type(rate)(rate.amount * times, rate.multiples, f"{kind}-{times}")
            yield Rule(name, counted, per)
