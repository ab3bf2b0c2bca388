"""A whole Shoebox and a real Chromium in front of it."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.visitor import Visitor, sign_in
from tests.system import system_run

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="package")
def system(tmp_path_factory):
    yield from system_run("embedded", tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="package")
def chromium():
    if shutil.which(CHROMIUM) is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def session(system, chromium):
    """The cookies of somebody who signed in through the page."""
    context = chromium.new_context(base_url=system.environment["SHOEBOX_WRITE_URL"])
    page = context.new_page()
    page.goto("/")
    sign_in(page, system.profile.credentials())
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def visitor(system, chromium, session):
    """Somebody at a desk, signed in, on the gallery. Nothing may go wrong in their browser."""
    yield from _visit(system, chromium, session, viewport=DESKTOP)


@pytest.fixture
def phone(system, chromium, session):
    """The same on a narrow phone, in the dark."""
    settings = {"viewport": PHONE, "has_touch": True, "color_scheme": "dark"}
    yield from _visit(system, chromium, session, **settings)


def _visit(system, chromium, session, **settings):
    base = system.environment["SHOEBOX_WRITE_URL"]
    context = chromium.new_context(base_url=base, storage_state=session, **settings)
    visitor = Visitor(context.new_page(), system.client)
    visitor.page.goto("/")
    yield visitor
    problems = list(visitor.problems)
    context.close()
    assert problems == []
