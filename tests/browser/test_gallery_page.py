"""The gallery, used with eyes, keys and thumbs."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pictures import photo
from tests.browser.visitor import READY_MS
from webapp.pages.gallery import PAGE_IMAGES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def images(system):
    """More than one page of images, newest first."""
    bodies = [photo(seed=seed, size=(96, 64)) for seed in range(100, 106 + PAGE_IMAGES)]
    stored = [
        system.client.store(body, title=f"Number {number}") for number, body in enumerate(bodies)
    ]
    return [system.client.wait_ready(image["id"]) for image in reversed(stored)]


def test_it_has_no_end_until_it_ends(visitor, images):
    visitor.page.goto("/")
    expect(visitor.tile(images[-1]["id"])).to_have_count(0)
    visitor.page.keyboard.press("End")
    expect(visitor.tile(images[-1]["id"])).to_be_attached(timeout=READY_MS)
    visitor.wait_shown(visitor.tile(images[-1]["id"]).locator("img"))


def test_nothing_jumps_while_pictures_load(visitor, images):
    visitor.hold("**/*.webp")
    visitor.page.goto("/", wait_until="domcontentloaded")
    before = visitor.tile(images[5]["id"]).bounding_box()
    visitor.let_go()
    visitor.page.goto("/")
    visitor.wait_shown(visitor.tile(images[5]["id"]).locator("img"))
    assert visitor.tile(images[5]["id"]).bounding_box() == before


def test_a_blur_stands_in_for_a_picture_until_it_is_there(visitor, images):
    visitor.hold("**/*.webp")
    visitor.page.goto("/", wait_until="domcontentloaded")
    link = visitor.tile(images[0]["id"]).get_by_role("link")
    expect(link).to_have_css("background-image", re.compile("^url..data:image/png"))
    visitor.let_go()
    visitor.page.goto("/")
    visitor.wait_shown(link.locator("img"))
    expect(link).to_have_css("background-image", "none")


def test_typing_narrows_it(visitor, images):
    visitor.page.keyboard.press("/")
    visitor.page.keyboard.type("number 31")
    expect(visitor.tiles).to_have_count(1)
    assert "q=number" in visitor.page.url


def test_arrow_keys_walk_it_and_enter_opens(visitor, images):
    visitor.page.goto("/")
    visitor.tiles.first.get_by_role("link").focus()
    visitor.page.keyboard.press("ArrowRight")
    expect(visitor.tiles.nth(1).get_by_role("link")).to_be_focused()
    visitor.page.keyboard.press("ArrowDown")
    expect(visitor.tiles.nth(1).get_by_role("link")).not_to_be_focused()
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/i/*")


def test_nothing_is_wider_than_a_phone(phone, images):
    pages = ["/", "/?state=deleted", "/?q=nothing", f"/i/{images[0]['id']}", "/tokens", "/password"]
    wide = {}
    for path in pages:
        phone.page.goto(path)
        wide[path] = phone.wider_than_screen()
    assert wide == dict.fromkeys(pages, 0)


def test_chosen_colours_stay(visitor):
    button = visitor.page.locator("[data-theme-toggle]")
    button.click()
    button.click()
    visitor.page.reload()
    expect(visitor.page.locator("html")).to_have_attribute("data-theme", "dark")
    ground = visitor.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == "rgb(22, 20, 18)"


def test_signing_out_ends_it(system, chromium, session):
    context = chromium.new_context(base_url=system.environment["SHOEBOX_WRITE_URL"])
    page = context.new_page()
    page.goto("/")
    credentials = system.profile.credentials()
    page.get_by_label("Name").fill(credentials["username"])
    page.get_by_label("Password").fill(credentials["password"])
    page.keyboard.press("Enter")
    page.get_by_label("Menu of admin").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    page.goto("/")
    expect(page).to_have_title("Sign in · Shoebox")
    context.close()


def test_who_was_signed_out_meanwhile_is_asked_to_sign_in(visitor, images):
    visitor.page.goto("/")
    visitor.page.context.clear_cookies()
    visitor.page.get_by_role("searchbox").fill("number 3")
    expect(visitor.page).to_have_title("Sign in · Shoebox")


def test_filters_keep_what_was_typed(visitor, images):
    visitor.page.get_by_role("searchbox").fill("number 31")
    expect(visitor.tiles).to_have_count(1)
    visitor.page.get_by_role("link", name="Deleted", exact=True).click()
    visitor.page.wait_for_url("**/?q=number+31&state=deleted")
