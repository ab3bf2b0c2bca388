"""The page of one image, used by hand."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pictures import photo
from tests.browser.visitor import READY_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def image(system):
    return system.client.store_ready(photo(seed=20), filename="valley.jpg")


def test_it_shows_the_picture_its_links_and_where_its_copies_lie(visitor, image):
    visitor.page.goto("/")
    visitor.tile(image["id"]).get_by_role("link").click()
    visitor.wait_shown(visitor.page.locator("#figure img"))
    expect(visitor.page.get_by_label("Direct link", exact=True)).to_have_value(
        image["links"]["original"]
    )
    expect(visitor.page.locator("#copies .held")).to_have_count(3)
    expect(visitor.page.locator("#copies")).to_contain_text("3 in 2 zones")


def test_another_size_changes_the_links(visitor, image):
    visitor.open(image["id"])
    visitor.page.get_by_label("Size").select_option("w800")
    expect(visitor.page.get_by_label("Direct link", exact=True)).to_have_value(
        image["links"]["renditions"]["w800"]["jpg"]
    )


def test_a_button_copies_its_link(visitor, image):
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.open(image["id"])
    visitor.page.get_by_role("button", name="Copy: Markdown").click()
    expect(visitor.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    assert copied == f"![valley.jpg]({image['links']['original']})"


def test_a_title_is_saved_when_it_is_left(visitor, image):
    visitor.open(image["id"])
    visitor.page.get_by_role("textbox", name="Title").fill("Valley at dawn")
    visitor.album.focus()
    expect(visitor.page.get_by_text("Saved")).to_be_visible()
    assert visitor.client.image(image["id"])["title"] == "Valley at dawn"
    expect(visitor.page.get_by_label("Markdown", exact=True)).to_have_value(
        re.compile("^!\\[Valley at dawn]")
    )


def test_a_title_is_saved_after_signing_in_again_in_another_tab(visitor, system, image):
    visitor.open(image["id"])
    visitor.page.context.clear_cookies(name="sessionid")
    title = visitor.page.get_by_role("textbox", name="Title")
    title.fill("Valley at noon")
    title.press("Enter")
    expect(visitor.page.get_by_text("You are signed out.")).to_be_visible()
    visitor.sign_in_elsewhere(system.profile.credentials())
    title.press("Enter")
    expect(visitor.page.get_by_text("Saved")).to_be_visible()


def test_an_album_is_saved_with_enter_and_nothing_else(visitor, image):
    visitor.open(image["id"])
    title = {"title": "From elsewhere"}
    visitor.client.call("PATCH", f"/api/v1/images/{image['id']}", json=title).raise_for_status()
    visitor.album.fill("Hills")
    visitor.album.press("Enter")
    expect(visitor.page.get_by_text("Saved")).to_be_visible()
    found = visitor.client.image(image["id"])
    assert (found["album"], found["title"]) == ("Hills", "From elsewhere")


def test_its_state_moves_from_stored_to_ready_by_itself(visitor, system):
    system.pause("worker-renditions")
    stored = system.client.store(photo(seed=21))
    visitor.open(stored["id"])
    expect(visitor.page.locator("#status")).to_contain_text("being prepared")
    system.resume("worker-renditions")
    expect(visitor.page.locator("#status")).to_contain_text("Ready", timeout=READY_MS)
    visitor.wait_shown(visitor.page.locator("#figure picture img"))


def test_it_is_deleted_and_restored(visitor, system):
    image = system.client.store_ready(photo(seed=22))
    visitor.open(image["id"])
    visitor.page.get_by_role("button", name="Delete").click()
    expect(visitor.page.get_by_role("dialog")).to_contain_text("cannot be recalled")
    visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(visitor.page.get_by_text("Deleted. It can be restored.")).to_be_visible()

    visitor.page.goto("/?state=deleted")
    row = visitor.tile(image["id"])
    row.get_by_role("button", name="Restore").click()
    expect(visitor.page.get_by_text("Restored.")).to_be_visible()
    expect(visitor.page.locator("#status")).to_contain_text("Ready", timeout=READY_MS)


def test_a_change_of_mind_deletes_nothing(visitor, image):
    visitor.open(image["id"])
    visitor.page.get_by_role("button", name="Delete").click()
    visitor.page.get_by_role("button", name="Keep it").click()
    expect(visitor.page.get_by_role("dialog")).to_be_hidden()
    assert visitor.client.image(image["id"])["state"] == "ready"


def test_signed_links_only_gives_another_address(visitor, system):
    image = system.client.store_ready(photo(seed=23, size=(900, 600)))
    visitor.open(image["id"])
    visitor.page.get_by_role("button", name="Change").click()
    visitor.page.get_by_role("button", name="Change it").click()
    visitor.page.wait_for_url("**/i/s*")
    expect(visitor.page.locator("#share")).to_contain_text("Only signed links show it")


def test_arrow_keys_lead_to_the_images_beside_it(visitor, system):
    older, newer = (system.client.store_ready(photo(seed=s, size=(90, 60))) for s in (24, 25))
    visitor.open(newer["id"])
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.wait_for_url(f"**/i/{older['id']}")
    visitor.page.keyboard.press("Escape")
    visitor.page.wait_for_url("**/")
