import pytest

from webapp.images.representation import link_expiry


@pytest.mark.parametrize("now", [0, 1, 86_399, 86_400, 1_700_000_000.9])
def test_a_link_is_valid_for_one_to_two_times_as_long_as_asked(now):
    left = link_expiry(now=now, link_seconds=86_400) - now
    assert 86_400 <= left <= 2 * 86_400


def test_links_made_in_one_span_are_equal():
    ends = {link_expiry(now=now, link_seconds=3600) for now in range(7200, 10_800, 60)}
    assert len(ends) == 1
