from datetime import timedelta

from django.utils import timezone

from webapp.accounts.recent import MOST, RECENT_SECONDS, RecentTokens

WHO = object()


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_token_is_known_for_a_second_and_no_longer():
    clock = Clock()
    tokens = RecentTokens(clock=clock)
    tokens.note("hash", WHO, expires_at=None)
    clock.now += RECENT_SECONDS
    assert tokens.find("hash") is WHO
    clock.now += 0.001
    assert tokens.find("hash") is None


def test_a_token_that_ends_meanwhile_is_not_known():
    tokens = RecentTokens()
    tokens.note("over", WHO, expires_at=timezone.now() - timedelta(seconds=1))
    tokens.note("goes on", WHO, expires_at=timezone.now() + timedelta(hours=1))
    assert tokens.find("over") is None
    assert tokens.find("goes on") is WHO


def test_a_token_that_was_revoked_here_is_not_known():
    tokens = RecentTokens()
    tokens.note("hash", WHO, expires_at=None)
    tokens.forget("hash")
    tokens.forget("another")
    assert tokens.find("hash") is None


def test_memory_is_bounded():
    tokens = RecentTokens()
    for number in range(3 * MOST):
        tokens.note(str(number), WHO, expires_at=None)
    assert len(tokens._seen) <= MOST
    assert tokens.find(str(3 * MOST - 1)) is WHO
