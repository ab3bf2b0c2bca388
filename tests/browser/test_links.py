"""Adding pictures by their link: typed or pasted, fetched by the service, refused in words."""

import pytest
from playwright.sync_api import expect

from tests.browser.pictures import photo
from tests.browser.visitor import READY_MS
from tests.remote import answer, remote_running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PASTE = """(text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""


@pytest.fixture
def remote():
    with remote_running() as remote:
        yield remote


def test_a_pasted_link_waits_in_the_dialog_and_becomes_a_picture(visitor, remote):
    link = remote.at("/in/far%20away.jpg", answer(photo(seed=71)))
    visitor.page.evaluate(PASTE, link)
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_label("Album").fill("Links")
    assert remote.requests == []
    dialog.get_by_label("Or from a link").press("Enter")
    expect(visitor.row("far away.jpg").get_by_role("link")).to_be_visible(timeout=READY_MS)
    image = visitor.client.image(visitor.id_of("far away.jpg"))
    assert (image["album"], image["filename"]) == ("Links", "far away.jpg")


def test_what_a_link_leads_to_is_refused_in_words(visitor, remote):
    visitor.page.get_by_role("button", name="Upload").click()
    field = visitor.page.get_by_label("Or from a link")
    field.fill("no link")
    visitor.page.get_by_role("button", name="Fetch").click()
    expect(field).to_be_visible()
    field.fill(remote.at("/page.html", answer(b"<html>")))
    visitor.page.get_by_role("button", name="Fetch").click()
    expect(visitor.row("page.html")).to_have_attribute("data-phase", "refused", timeout=READY_MS)
    expect(visitor.row("page.html")).to_contain_text("pictures are taken")
