"""What happens elsewhere, seen without a reload."""

import pytest
from playwright.sync_api import expect

from tests.browser.pictures import photo
from tests.browser.visitor import READY_MS
from tests.hostile.bombs import gif_frames
from tests.processes import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

EVENTS = "**/api/v1/events*"
SEEN_MS = 15_000


@pytest.fixture
def stream(visitor):
    """Wait until the page is told what happens."""
    with visitor.page.expect_request(EVENTS):
        visitor.page.goto("/")
    wait_until(lambda: open_streams(visitor), seconds=10, what="an open stream")
    return visitor


def open_streams(visitor):
    metrics = visitor.client.call("GET", "/metrics").text.splitlines()
    line = next(line for line in metrics if line.startswith("shoebox_event_listeners "))
    return float(line.split()[1])


def test_a_picture_stored_elsewhere_takes_its_place_and_becomes_ready(stream, system):
    image = system.client.store(photo(seed=300))
    expect(stream.tile(image["id"])).to_be_visible(timeout=SEEN_MS)
    expect(stream.tile(image["id"])).to_have_attribute("data-state", "ready", timeout=READY_MS)
    stream.wait_shown(stream.tile(image["id"]).locator("img"))


def test_a_picture_deleted_elsewhere_goes(stream, system):
    image = system.client.store_ready(photo(seed=301))
    stream.page.goto("/")
    expect(stream.tile(image["id"])).to_be_visible()
    system.client.delete(image["id"])
    expect(stream.tile(image["id"])).to_have_count(0, timeout=SEEN_MS)


def test_a_picture_that_cannot_be_read_says_so(stream, system):
    # Whole as a container, and with fewer pixels than it says.
    image = system.client.store(gif_frames(3, side=41))
    tile = stream.tile(image["id"])
    expect(tile).to_have_attribute("data-state", "rejected", timeout=READY_MS)


def test_the_page_of_a_picture_deleted_elsewhere_says_so(visitor, system):
    image = system.client.store_ready(photo(seed=303))
    visitor.open(image["id"])
    wait_until(lambda: open_streams(visitor), seconds=10, what="an open stream")
    system.client.delete(image["id"])
    expect(visitor.page.locator(".image-page")).to_have_attribute(
        "data-state", "deleted", timeout=SEEN_MS
    )


def test_without_a_stream_it_becomes_ready_all_the_same(visitor, system):
    visitor.page.route(EVENTS, lambda route: route.abort())
    system.pause("worker-renditions")
    image = system.client.store(photo(seed=304))
    visitor.page.goto("/")
    expect(visitor.tile(image["id"])).to_have_attribute("data-state", "stored")
    system.resume("worker-renditions")
    expect(visitor.tile(image["id"])).to_have_attribute("data-state", "ready", timeout=READY_MS)
