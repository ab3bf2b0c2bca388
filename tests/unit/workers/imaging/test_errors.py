import pickle

import pytest

from workers.imaging.errors import (
    ChildKilledError,
    CodecMissingError,
    LimitHitError,
    NotDecodableError,
)

ERRORS = [
    NotDecodableError("truncated", "half a file"),
    LimitHitError("memory", "64 MiB"),
    ChildKilledError("signal 9"),
    CodecMissingError("AVIF"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_an_error_survives_the_way_between_pool_processes(error):
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert (type(copy), copy.code, copy.detail) == (type(error), error.code, error.detail)


def test_codes_are_stable():
    codes = [error.code for error in ERRORS]
    assert codes == ["truncated", "limit-memory", "child-killed", "codec-missing"]


def test_a_detail_stays_a_line():
    assert len(NotDecodableError("not-decodable", "line\n" * 500).detail) <= 200
