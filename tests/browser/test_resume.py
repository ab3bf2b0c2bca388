"""Large files go by tus: in the browser, too, a lost connection or a reload does not end them."""

import io
import random
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.visitor import READY_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DROP_TWIN = """() => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([new Uint8Array(9e6)], "twin.jpg", { lastModified: 1.7e12 }));
  const event = { bubbles: true, cancelable: true, dataTransfer };
  document.body.dispatchEvent(new DragEvent("drop", event));
}"""


def large_photo(*, seed):
    """Return a picture of 10 MB, as a file that does not shrink."""
    noise = random.Random(seed).randbytes(1800 * 1900 * 3)
    body = io.BytesIO()
    Image.frombytes("RGB", (1800, 1900), noise).save(body, "PNG", compress_level=0)
    return body.getvalue()


@pytest.fixture
def offsets(visitor):
    """Where each request with bytes went on."""
    found = []

    def note(request):
        if request.method == "PATCH":
            found.append(int(request.headers["upload-offset"]))

    visitor.page.on("request", note)
    return found


@pytest.fixture
def slow_line(visitor):
    """Call it with the bytes a second that go out; 0 for all there can be."""
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("Network.enable")

    def limit(bytes_per_second):
        conditions = {"offline": False, "latency": 0, "downloadThroughput": 0}
        session.send(
            "Network.emulateNetworkConditions",
            {**conditions, "uploadThroughput": bytes_per_second},
        )

    return limit


def expect_ready(visitor, name):
    expect(visitor.row(name).get_by_text("Ready")).to_be_visible(timeout=READY_MS)


def drop_half(visitor, slow_line, **files):
    """Drop a file on a slow line and return when some of it has arrived."""
    slow_line(1_500_000)
    visitor.drop(**files)
    [name] = files
    row = visitor.row(f"{name}.jpg").element_handle()
    visitor.page.wait_for_function(
        "row => row.querySelector('progress').value > 0.25", arg=row, timeout=READY_MS
    )


def test_a_large_photo_goes_in_a_way_that_can_be_resumed(visitor, offsets):
    body = large_photo(seed=1)
    [image_id] = visitor.drop_ready(large=body).values()
    image = visitor.client.image(image_id)
    assert (offsets, image["bytes"], image["filename"]) == ([0], len(body), "large.jpg")


def test_a_large_photo_goes_on_by_itself_after_a_reload(visitor, slow_line, offsets):
    drop_half(visitor, slow_line, reloaded=large_photo(seed=2))
    visitor.page.reload()
    slow_line(0)
    expect_ready(visitor, "reloaded.jpg")
    assert (len(offsets), offsets[0], offsets[-1] > 1_000_000) == (2, 0, True)


def test_it_goes_on_from_another_page(visitor, slow_line, offsets):
    drop_half(visitor, slow_line, wandering=large_photo(seed=3))
    visitor.page.goto("/tokens")
    slow_line(0)
    expect(visitor.row("wandering.jpg").get_by_role("link")).to_be_visible(timeout=READY_MS)
    assert offsets[-1] > 1_000_000


def test_nothing_goes_on_after_it_has_arrived(visitor, offsets):
    visitor.drop_ready(arrived=large_photo(seed=4))
    visitor.page.reload()
    expect(visitor.tiles.first).to_be_visible()
    expect(visitor.page.locator("#tray")).to_be_hidden()
    assert offsets == [0]


def test_it_goes_on_when_the_service_is_back(system, visitor, slow_line, offsets):
    drop_half(visitor, slow_line, lost=large_photo(seed=5))
    system.kill("write")
    slow_line(0)
    system.start("write")
    expect_ready(visitor, "lost.jpg")
    assert offsets[-1] > 1_000_000


def test_what_arrived_unheard_and_was_deleted_since_is_sent_again(visitor, offsets):
    answer_lost = [re.compile(r"/api/v1/images/p\w+$"), lambda route: route.fulfill(status=403)]
    visitor.page.route(*answer_lost)
    body = large_photo(seed=7)
    with visitor.page.expect_request(answer_lost[0]) as asked:
        visitor.drop(unheard=body)
    expect(visitor.row("unheard.jpg")).to_have_attribute("data-phase", "refused")
    visitor.client.delete(asked.value.url.rpartition("/")[2])
    visitor.let_go()
    visitor.row("unheard.jpg").get_by_role("button", name="Try again").click()
    expect_ready(visitor, "unheard.jpg")
    assert offsets == [0, 0]
    assert visitor.client.image(visitor.id_of("unheard.jpg"))["state"] == "ready"


def test_a_cancelled_upload_is_over_here_and_there(visitor, slow_line, offsets):
    drop_half(visitor, slow_line, unwanted=large_photo(seed=6))
    with visitor.page.expect_response(lambda answer: answer.request.method == "DELETE") as ended:
        visitor.row("unwanted.jpg").get_by_role("button", name="Cancel").click()
    assert ended.value.status == 204
    visitor.page.reload()
    expect(visitor.page.locator("#tray")).to_be_hidden()
    assert offsets == [0]


def test_the_same_file_once_more_is_one_upload(visitor, slow_line):
    slow_line(1_000_000)
    for _ in range(2):
        visitor.page.evaluate(DROP_TWIN)
    expect(visitor.row("twin.jpg")).to_have_count(1)
    visitor.row("twin.jpg").get_by_role("button", name="Cancel").click()


def test_what_is_no_picture_is_refused_in_words_at_its_last_byte(visitor):
    visitor.drop(letter=b"Dear all, " * 900_000)
    expect(visitor.row("letter.jpg")).to_have_attribute("data-phase", "refused", timeout=READY_MS)
    expect(visitor.row("letter.jpg")).to_contain_text("pictures are taken")
    expect(visitor.row("letter.jpg").get_by_role("button", name="Try again")).to_be_hidden()
