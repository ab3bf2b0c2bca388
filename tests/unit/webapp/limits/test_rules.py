import pytest

from webapp.limits.rules import CHUNKS_PER_UPLOAD, Rates, Rules, rate_check

RULES = Rules(
    Rates(
        upload_rate_per_token="10/minute",
        upload_rate_per_address="20/minute",
        api_rate_per_token="30/minute",
        api_rate_per_address="40/minute",
        sign_in_rate_per_address="5/minute",
    )
)


def names(*words, **said):
    return [rule.name for rule in RULES.of(*words, **said)]


@pytest.mark.parametrize("path", ["/api/v1/images", "/api/v1/tus/", "/api/v1/tus"])
def test_an_upload_counts_by_address_and_token(path):
    assert names("POST", path) == ["upload_rate_per_address", "upload_rate_per_token"]


def test_a_piece_of_an_upload_counts_little_and_apart():
    pieces = RULES.of("PATCH", "/api/v1/tus/0123")
    whole = RULES.of("POST", "/api/v1/tus/")
    assert [rule.name for rule in pieces] == [rule.name for rule in whole]
    for piece, upload in zip(pieces, whole, strict=True):
        assert piece.rate.amount == CHUNKS_PER_UPLOAD * upload.rate.amount
        assert piece.rate.key_for("x") != upload.rate.key_for("x")


def test_a_piece_sent_as_a_post_counts_as_a_piece():
    assert RULES.of("POST", "/api/v1/tus/0", override="patch") == RULES.of("PATCH", "/api/v1/tus/0")


@pytest.mark.parametrize("path", ["/api/v1/images", "/api/v1/tus/", "/login"])
def test_a_write_that_calls_itself_a_read_counts_all_the_same(path):
    assert RULES.of("POST", path, override="GET") == RULES.of("POST", path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/images/p000"),
        ("PATCH", "/api/v1/images/p000"),
        ("POST", "/api/v1/imports"),
        ("DELETE", "/api/v1/tus/0123"),
        ("POST", "/i/p000/delete"),
        ("BREW", "/"),
    ],
)
def test_any_other_write_counts_as_a_call(method, path):
    assert names(method, path) == ["api_rate_per_address", "api_rate_per_token"]


@pytest.mark.parametrize("path", ["/login", "/admin/login/"])
def test_signing_in_counts_by_address(path):
    assert names("POST", path) == ["sign_in_rate_per_address"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/v1/images", "/login", "/api/v1/tus/0123"])
def test_reading_does_not_count(method, path):
    assert names(method, path) == []


def test_an_empty_rate_is_no_limit():
    assert Rules(Rates()).of("POST", "/api/v1/images") == ()


@pytest.mark.parametrize("rate", ["10", "ten/minute", "10/fortnight"])
def test_a_rate_that_cannot_be_understood_is_refused(rate):
    with pytest.raises(ValueError, match=rate):
        rate_check(rate)
