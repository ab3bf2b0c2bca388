"""The page of errors, from the tree in ``webapp.core.errors`` and that of the imaging room."""

from collections.abc import Iterator
from typing import get_args

from config.reference.rooms import ROOMS, rooms_import
from config.reference.values import Page, code, page_text, sentence, table
from webapp.core.errors import CallerError, OperatorError, RetryError, ShoeboxError
from webapp.core.problem import TYPE_PREFIX
from workers.imaging.errors import (
    ImagingError,
    Limit,
    LimitHitError,
    NotDecodableError,
    Refusal,
)

_FAMILIES = {
    CallerError: ("The caller must change the request", "The same request fails again."),
    RetryError: (
        "Time may heal it",
        "Nothing is wrong with the request. `Retry-After` says when to send it again.",
    ),
    OperatorError: (
        "An operator must act",
        "Trying again does not help. Commands print these; over HTTP they are rare.",
    ),
}
_INTRODUCTION = f"""
A request that fails is answered with a problem document (RFC 9457,
`application/problem+json`): `type` (`{TYPE_PREFIX}` and the code), `title`, `status`, `detail`
(one sentence with the value that caused it), `code`, and the values again as members. Codes
are stable; sentences are not. A defect of Shoebox itself is a 500 with code
`{ShoeboxError.code}`, and its log has the rest.
"""
_REASONS = """
What an image's `reason` begins with when its renditions could not be made. The first two
attempts the decoder refuses make it `rejected`; every other reason, once the attempts are used
up, `failed`. While an image is still `stored`, a reason says why it is being tried again.
"""


def errors_page() -> Page:
    """Return the page of errors."""
    rooms_import()
    sentences: dict[str, str] = {}
    blocks: list[str] = []
    for family, (title, words) in _FAMILIES.items():
        rows = []
        for error in sorted(_tree(family), key=lambda e: (e.status, e.code, e.__name__)):
            sentences[error.__name__] = sentence(error.__doc__)
            rows.append((str(error.status), code(error.code), sentences[error.__name__]))
        blocks += [f"## {title}", words, table(("Status", "Code", "When"), rows)]
    reasons = table(("Reason", "Image becomes", "When"), _reasons(sentences))
    text = page_text("Errors", _INTRODUCTION, *blocks, "## Reasons of images", _REASONS, reasons)
    return Page(text, sentences)


def _tree(family: type[ShoeboxError]) -> Iterator[type[ShoeboxError]]:
    for error in family.__subclasses__():
        if error.__module__.startswith(ROOMS):  # a test may have its own
            yield error
            yield from _tree(error)


def _reasons(sentences: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for error in ImagingError.__subclasses__():
        sentences[error.__name__] = sentence(error.__doc__)
        codes = ", ".join(map(code, _codes(error)))
        state = "rejected" if issubclass(error, NotDecodableError) else "failed"
        yield codes, code(state), sentences[error.__name__]


def _codes(error: type[ImagingError]) -> list[str]:
    if issubclass(error, NotDecodableError):
        return list(get_args(Refusal))
    if issubclass(error, LimitHitError):
        return [LimitHitError(limit).code for limit in get_args(Limit)]
    return [error().code]
