"""Conditional requests, to the letter and from values alone.

Source: RFC 9110 sections 8.8.3 (entity tags), 13.1 (preconditions), 13.2.2 (precedence).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from typing import Final

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LIST: Final = re.compile(r'[ \t,]*(?:(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"[ \t]*(?:,[ \t,]*|$))+')
_DAY: Final = r"(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME: Final = r"\d\d:\d\d:\d\d"
_DATE: Final = re.compile(
    rf"{_DAY}, (?:\d\d {_MONTH} \d{{4}}|\d\d-{_MONTH}-\d\d) {_TIME} GMT"
    rf"|{_DAY} {_MONTH} [ \d]\d {_TIME} \d{{4}}",
    re.ASCII,
)
ANY: Final = "*"


class Verdict(Enum):
    """What the preconditions of a request ask for."""

    GO_ON = "go on"
    NOT_MODIFIED = "not modified"
    FAILED = "failed"


def none_match_known(headers: Mapping[str, str], etags: Iterable[str]) -> str | None:
    """Return the tag by which ``If-None-Match`` alone asks for a 304, whatever the blob is.

    Only for tags a client can have got from this path. ``*`` asks whether there is anything,
    and preconditions that come earlier ask about the blob, so those need a look at it.
    """
    text = headers.get("if-none-match")
    if text is None or "if-match" in headers or "if-unmodified-since" in headers:
        return None
    return next((etag for etag in etags if _matches_weakly(text.strip(), etag)), None)


def preconditions(headers: Mapping[str, str], *, etag: str, modified: float) -> Verdict:
    """Return what the preconditions of a GET or HEAD ask for, of a blob that is there.

    Args:
        headers: Request headers, names in lower case.
        etag: The tag this answer would carry.
        modified: Seconds since 1970 it would give as Last-Modified.
    """
    if _writer_failed(headers, etag, modified):
        return Verdict.FAILED
    if (text := headers.get("if-none-match")) is not None:
        matched = text.strip() == ANY or _matches_weakly(text, etag)
        return Verdict.NOT_MODIFIED if matched else Verdict.GO_ON
    since = date_parse(headers.get("if-modified-since", ""))
    if since is not None and int(modified) <= since:
        return Verdict.NOT_MODIFIED
    return Verdict.GO_ON


def range_applies(if_range: str | None, *, etag: str, modified: float) -> bool:
    """Return whether a Range is to be honoured: the client's part is of this very blob.

    Source: RFC 9110 section 13.1.5: strong comparison, or exactly the date that was sent.
    """
    if if_range is None:
        return True
    if (date := date_parse(if_range)) is not None:
        return date == int(modified)
    return if_range.strip() == etag and not etag.startswith("W/")


def _writer_failed(headers: Mapping[str, str], etag: str, modified: float) -> bool:
    if (text := headers.get("if-match")) is not None:
        return text.strip() != ANY and not _matches_strongly(text, etag)
    since = date_parse(headers.get("if-unmodified-since", ""))
    return since is not None and int(modified) > since


def _matches_weakly(text: str, etag: str) -> bool:
    wanted = etag.removeprefix("W/")[1:-1]
    return _LIST.fullmatch(text) is not None and any(tag == wanted for _, tag in _TAG.findall(text))


def _matches_strongly(text: str, etag: str) -> bool:
    if etag.startswith("W/") or _LIST.fullmatch(text) is None:
        return False
    return any(tag == etag[1:-1] and not weak for weak, tag in _TAG.findall(text))


@lru_cache(maxsize=4096)
def date_parse(text: str) -> int | None:
    """Return an HTTP date as seconds since 1970; None when it is none.

    Source: RFC 9110 section 5.6.7, the obsolete forms included. What is a date elsewhere, with
    another zone for example, is none here: such a field is passed over.
    """
    if _DATE.fullmatch(text) is None:
        return None
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # asctime has no zone and means UTC.
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return int(aware.timestamp())


@lru_cache(maxsize=4096)
def date_format(seconds: int) -> str:
    """Return seconds since 1970 as an HTTP date."""
    return formatdate(seconds, usegmt=True)
