import pytest
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from webapp.api.problems import error_of
from webapp.core.errors import ShardsUnavailableError


@pytest.mark.parametrize(
    ("exception", "status", "code"),
    [
        (ShardsUnavailableError("no"), 503, "shards-unavailable"),
        (ValidationError([{"loc": ("query", "limit"), "msg": "no"}]), 400, "malformed-request"),
        (AuthenticationError(), 401, "not-authenticated"),
        (HttpError(400, "Cannot parse request body"), 400, "malformed-request"),
        (HttpError(403, "no"), 403, "not-allowed"),
        (HttpError(418, "no"), 400, "malformed-request"),
        (HttpError(500, "no"), 500, "internal"),
        (Throttled(wait=1), 429, "rate-limited"),
        (Http404(), 404, "not-found"),
        (PermissionDenied(), 403, "not-allowed"),
        (RequestDataTooBig(), 413, "too-large"),
        (TooManyFieldsSent(), 400, "malformed-request"),
        (DisallowedHost(), 400, "malformed-request"),
        (BadRequest(), 400, "malformed-request"),
        (MultiPartParserError(), 400, "malformed-request"),
        (UnreadablePostError(), 400, "malformed-request"),
        (OperationalError("password of 10.0.0.1"), 503, "busy"),
        (InterfaceError("closed"), 503, "busy"),
        (RuntimeError("secret"), 500, "internal"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_exception_has_a_code(exception, status, code):
    error = error_of(exception)
    assert (error.status, error.code) == (status, code)


@pytest.mark.parametrize(
    "exception", [OperationalError("password of 10.0.0.1"), RuntimeError("secret")]
)
def test_what_went_wrong_inside_stays_inside(exception):
    assert str(exception) not in error_of(exception).detail


def test_wrong_values_are_named_and_not_without_end():
    errors = [{"loc": ("body", "change", f"f{n}"), "msg": "no"} for n in range(1000)]
    error = error_of(ValidationError(errors))
    assert error.detail.startswith("body.f0: no; ")
    assert len(error.extra["errors"]) == 20


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("x", " 'x'"),
        (5, " 5"),
        ("y" * 999, f" '{'y' * 59}…"),
        (10**4000, f" 1{'0' * 59}…"),
        ({"a": 1}, ""),
        (None, ""),
    ],
)
def test_a_wrong_value_is_told_and_not_without_end(value, said):
    error = ValidationError([{"loc": ("query", "limit"), "msg": "no", "input": value}])
    assert error_of(error).detail == f"query.limit{said}: no."


def test_a_body_that_is_no_json_is_told_what_it_should_be():
    assert "JSON" in error_of(HttpError(400, "Cannot parse request body")).detail
