"""Make docs/screenshot.png anew: ``python -m tests.browser.screenshot``."""

import contextlib
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import tests.environment  # noqa: F401 - the settings of who runs this must not matter
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.pictures import photo
from tests.browser.visitor import Visitor
from tests.system import system_run

TARGET = Path(__file__).resolve().parents[2] / "docs" / "screenshot.png"
SCREEN = {"width": 1280, "height": 800}
SHAPES = [(1500, 1000), (1000, 1250), (1600, 1000), (1000, 1000), (1800, 1000), (1000, 1400)]
KEPT = 17
DROPPED = 4
COLOURS = 256
MOST_BYTES = 300_000


def main():
    with tempfile.TemporaryDirectory() as folder:
        for system in system_run("embedded", Path(folder)):
            for seed in range(KEPT):
                system.client.store_ready(_photo(seed), title=f"Ridge {seed}")
            picture = _take(system)
    picture.quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(TARGET, optimize=True)
    size = TARGET.stat().st_size
    return 0 if size <= MOST_BYTES else f"{TARGET} has {size} bytes, more than {MOST_BYTES}"


def _photo(seed):
    return photo(seed=seed, size=SHAPES[seed * 5 % len(SHAPES)])


def _take(system):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        with contextlib.closing(browser):
            page = browser.new_page(
                base_url=system.environment["SHOEBOX_WRITE_URL"], viewport=SCREEN
            )
            page.goto("/")
            credentials = system.profile.credentials()
            page.get_by_label("Name").fill(credentials["username"])
            page.get_by_label("Password").fill(credentials["password"])
            page.keyboard.press("Enter")
            page.wait_for_url("**/")
            dropped = range(KEPT, KEPT + DROPPED)
            visitor = Visitor(page, system.client)
            visitor.drop_ready(**{f"evening-{seed}": _photo(seed) for seed in dropped})
            page.mouse.move(0, 0)
            page.wait_for_load_state("networkidle")
            return Image.open(io.BytesIO(page.screenshot()))


if __name__ == "__main__":
    sys.exit(main())
