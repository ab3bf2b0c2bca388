import pytest

from webapp.core import errors
from webapp.core.errors import BusyError, ShoeboxError, TooManyPixelsError


def all_errors(base=ShoeboxError):
    for error in base.__subclasses__():
        yield error
        yield from all_errors(error)


def test_an_error_names_the_value():
    error = TooManyPixelsError(pixels=120, limit=100)
    assert "120" in str(error)
    assert error.extra == {"pixels": 120, "limit": 100}


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (errors.TooLargeError(bytes=70_000_000, limit=67_108_864), "70,000,000 bytes are too many"),
        (errors.TruncatedError(bytes=10, missing="end of image"), "lacks its end of image."),
        (errors.TruncatedError(bytes=10, needed=2_000), "after 10 bytes; the picture needs 2,000."),
        (errors.TooManyPixelsError(side=9, limit=8), "Too many pixels: side 9, limit 8."),
        (errors.NotDecodableError(reason="no PNG {signature}"), "decoded: no PNG {signature}."),
        (errors.MalformedIdError(id="x\ny"), "'x\\ny' is not an image id."),
        (errors.NotFoundError(), "Not found."),
    ],
)
def test_values_alone_make_a_sentence(error, sentence):
    assert sentence in error.detail


def test_only_what_time_may_heal_says_when():
    assert BusyError().retry_after == 5
    assert BusyError(retry_after=30).retry_after == 30
    assert TooManyPixelsError().retry_after is None


@pytest.mark.parametrize("error", sorted(set(all_errors()), key=lambda e: e.__name__))
def test_every_error_has_a_code_a_title_and_a_status(error):
    if error.__module__ != errors.__name__:
        return
    assert error.title
    if error not in {errors.CallerError, errors.RetryError, errors.OperatorError}:
        assert error.code != "internal"
