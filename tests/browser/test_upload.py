"""Adding pictures: dropped, chosen, pasted; seen to become ready; refused in words."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.pictures import photo
from tests.browser.visitor import READY_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PASTE = """async ([place, name, text]) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 90, height: 60 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "teal";
  pen.fillRect(0, 0, 90, 60);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([blob], name, { type: "image/png" }));
  if (text) clipboardData.setData("text/plain", text);
  const event = new ClipboardEvent("paste", { clipboardData, bubbles: true });
  document.querySelector(place).dispatchEvent(event);
}"""


def test_three_dropped_photos_become_ready_before_the_eyes(visitor):
    visitor.page.evaluate("window.sameDocument = true")
    ids = visitor.drop_ready(dawn=photo(seed=1), noon=photo(seed=2), dusk=photo(seed=3))
    for image_id in ids.values():
        expect(visitor.tile(image_id)).to_have_attribute("data-state", "ready")
        visitor.wait_shown(visitor.tile(image_id).locator("img"))
    assert visitor.page.evaluate("window.sameDocument")


def test_a_chosen_photo_goes_to_the_chosen_album_and_kind(visitor, tmp_path):
    path = tmp_path / "chosen.jpg"
    path.write_bytes(photo(seed=4, size=(900, 600)))
    visitor.page.get_by_role("button", name="Upload").click()
    visitor.page.get_by_role("dialog").get_by_label("Album").fill("Holidays")
    visitor.page.get_by_text("Only signed links", exact=True).click()
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.get_by_role("button", name="Choose pictures").click()
    chooser.value.set_files(path)
    expect(visitor.row("chosen.jpg").get_by_role("link")).to_be_visible(timeout=READY_MS)
    image = visitor.client.image(visitor.id_of("chosen.jpg"))
    assert (image["album"], image["kind"], image["filename"]) == ("Holidays", "s", "chosen.jpg")


def test_a_pasted_photo_is_added(visitor):
    visitor.page.evaluate(PASTE, ["body", "pasted.png", ""])
    expect(visitor.row("pasted.png").get_by_role("link")).to_be_visible(timeout=READY_MS)


def test_a_text_with_a_picture_of_it_is_only_text_in_a_field(visitor):
    visitor.page.evaluate(PASTE, ["[type=search]", "field.png", "a cell"])
    expect(visitor.rows).to_have_count(0)
    visitor.page.evaluate(PASTE, ["body", "page.png", "a cell"])
    expect(visitor.row("page.png")).to_have_count(1)
    expect(visitor.rows).to_have_count(1)


def test_a_photo_that_is_pasted_while_in_a_field_is_added(visitor):
    visitor.page.evaluate(PASTE, ["[type=search]", "alone.png", ""])
    expect(visitor.row("alone.png")).to_have_count(1)


def test_what_is_no_picture_is_refused_in_words(visitor):
    visitor.drop(letter=b"Dear all, this is no picture.")
    expect(visitor.row("letter.jpg")).to_have_attribute("data-phase", "refused")
    expect(visitor.row("letter.jpg")).to_contain_text("pictures are taken")
    expect(visitor.row("letter.jpg").get_by_role("button", name="Try again")).to_be_hidden()
    expect(visitor.page.locator("#tray-title")).to_contain_text("1 not")


def test_a_file_over_the_limit_is_refused_before_it_is_sent(visitor):
    visitor.page.evaluate("document.querySelector('meta[name=max-upload-bytes]').content = '1000'")
    visitor.drop(huge=b"0" * 1001)
    expect(visitor.row("huge.jpg")).to_contain_text("the most is")


def test_the_same_photo_again_is_recognized(visitor):
    body = photo(seed=5, size=(900, 600))
    visitor.drop_ready(first=body)
    visitor.drop(second=body)
    expect(visitor.row("second.jpg")).to_contain_text("You have this picture already")


def test_an_upload_is_sent_again_by_itself_while_the_service_is_busy(visitor):
    refusals = [503, 503]

    def answer(route):
        if not refusals:
            return route.continue_()
        return route.fulfill(status=refusals.pop(), headers={"Retry-After": "1"}, body="")

    visitor.page.route("**/api/v1/images", answer)
    visitor.drop_ready(patient=photo(seed=6, size=(900, 600)))
    assert refusals == []


def test_a_lost_connection_is_told_and_tried_again_on_demand(visitor):
    visitor.page.route("**/api/v1/images", lambda route: route.abort(), times=1)
    visitor.drop(lost=photo(seed=7, size=(900, 600)))
    expect(visitor.row("lost.jpg")).to_contain_text("The connection was lost.")
    visitor.row("lost.jpg").get_by_role("button", name="Try again").click()
    expect(visitor.row("lost.jpg").get_by_text("Ready")).to_be_visible(timeout=READY_MS)


def test_an_upload_can_be_cancelled(visitor):
    visitor.hold("**/api/v1/images")
    visitor.drop(unwanted=photo(seed=8, size=(900, 600)))
    visitor.row("unwanted.jpg").get_by_role("button", name="Cancel").click()
    expect(visitor.page.locator("#tray")).to_be_hidden()
    visitor.let_go()


def wait_ready(visitor, route):
    visitor.client.wait_ready(parse_qs(urlsplit(route.request.url).query)["id"][-1])


def test_a_photo_that_is_ready_before_its_tile_is_there_says_so(visitor):
    def late(route):
        wait_ready(visitor, route)
        route.continue_()

    visitor.page.route("**/tiles?*", late)
    visitor.drop(quick=photo(seed=18, size=(90, 60)))
    expect(visitor.row("quick.jpg").get_by_text("Ready")).to_be_visible(timeout=READY_MS)
    visitor.let_go()


def test_a_photo_whose_tile_cannot_be_had_is_added_all_the_same(visitor):
    def never(route):
        wait_ready(visitor, route)
        route.abort()

    visitor.page.route("**/tiles?*", never, times=1)
    visitor.drop(alone=photo(seed=20, size=(90, 60)))
    # Ready, where the gallery's own look is in time to see it become so.
    expect(visitor.row("alone.jpg")).to_contain_text(re.compile("Added|Ready"), timeout=READY_MS)
    expect(visitor.tile(visitor.id_of("alone.jpg"))).to_be_visible(timeout=READY_MS)


def test_a_tile_is_asked_for_once_it_can_take_its_place(visitor):
    visitor.page.evaluate("() => { window.createImageBitmap = () => new Promise(() => {}); }")
    visitor.drop(unseen=photo(seed=19, size=(90, 60)))
    expect(visitor.row("unseen.jpg").get_by_role("link")).to_be_visible(timeout=READY_MS)
    image_id = visitor.id_of("unseen.jpg")
    expect(visitor.tile(image_id)).to_be_visible()
    waited = visitor.page.evaluate(
        """(id) => {
          const found = performance.getEntriesByType("resource");
          const tile = found.find(({ name }) => name.includes(`/tiles?id=${id}`));
          const upload = found.find(({ name }) => name.endsWith("/api/v1/images"));
          return tile.startTime - upload.responseEnd;
        }""",
        image_id,
    )
    assert waited > 600


def test_many_uploads_go_four_at_a_time(visitor):
    held = visitor.hold("**/api/v1/images")
    small = {f"small{number}": photo(seed=number, size=(90, 60)) for number in range(10, 16)}
    visitor.drop(**small)
    expect(visitor.page.locator('.upload[data-phase="sending"]')).to_have_count(4)
    expect(visitor.page.locator('.upload[data-phase="waiting"]')).to_have_count(2)
    assert len(held) == 4
    visitor.let_go()


def test_who_was_signed_out_meanwhile_is_told_when_adding(visitor):
    visitor.page.context.clear_cookies()
    visitor.drop(late=photo(seed=16, size=(90, 60)))
    expect(visitor.row("late.jpg")).to_contain_text("You are signed out.")


def test_who_signs_in_again_in_another_tab_can_go_on(visitor, system):
    visitor.page.context.clear_cookies()
    visitor.drop(later=photo(seed=17, size=(90, 60)))
    expect(visitor.row("later.jpg")).to_contain_text("You are signed out.")
    visitor.sign_in_elsewhere(system.profile.credentials())
    visitor.row("later.jpg").get_by_role("button", name="Try again").click()
    expect(visitor.row("later.jpg").get_by_role("link")).to_be_visible(timeout=READY_MS)
