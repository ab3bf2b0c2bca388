"""Links for people who have not signed in: joining, and deleting one picture."""

import pytest
from playwright.sync_api import expect

from tests.browser.pictures import photo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def stranger(system, chromium):
    """The page of somebody without a session."""
    context = chromium.new_context(base_url=system.environment["SHOEBOX_WRITE_URL"])
    yield context.new_page()
    context.close()


def test_who_is_invited_joins(system, stranger):
    link = system.manage("user", "invite", "ada@example.org").split()[-1]
    stranger.goto(link)
    stranger.get_by_label("Name to sign in with").fill("ada")
    stranger.get_by_label("Password", exact=True).fill("correct horse battery")
    stranger.get_by_label("The same password again").fill("correct horse battery")
    stranger.get_by_role("button", name="Make the account").click()
    expect(stranger.get_by_label("Menu of ada")).to_be_visible()


def test_a_delete_link_asks_and_deletes(system, stranger):
    image = system.client.store(photo(seed=31))
    stranger.goto(image["links"]["delete"])
    stranger.get_by_role("button", name="Delete it").click()
    expect(stranger.get_by_role("heading", name="Deleted")).to_be_visible()
    assert system.client.image(image["id"])["state"] == "deleted"
