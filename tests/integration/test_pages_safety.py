"""No page runs what it does not bring along: policy, markup, files."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.db import OperationalError
from django.template.loader import render_to_string
from django.test import Client

from tests.factories import make_user
from tests.integration.page_rows import make_row, signed_in, text_of
from webapp.core.ids import Kind
from webapp.images.models import ImageState

pytestmark = pytest.mark.django_db
ERRORS = ["400", "403", "403_csrf", "404", "429", "500", "503"]
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE
)


@pytest.fixture
def pages():
    """Every page in every state, by address."""
    user = make_user(staff=True)
    rows = [make_row(user, state=state) for state in ImageState]
    rows.append(make_row(user, kind=Kind.SIGNED, private=True, content_type="image/heic"))
    client = signed_in(user)
    addresses = ["/", "/?state=deleted", "/?state=problems", "/?q=none", "/tokens", "/password"]
    found = {path: client.get(path) for path in [*addresses, *(f"/i/{row.id}" for row in rows)]}
    found["/login"] = Client().get("/login")
    found["made token"] = client.post("/tokens", {"name": "cron", "scopes": ["read"]})
    assert {response.status_code for response in found.values()} == {200}
    return found


def test_no_page_has_scripts_or_styles_of_its_own(pages):
    found = {path: INLINE.findall(text_of(page)) for path, page in pages.items()}
    assert {path: hits for path, hits in found.items() if hits} == {}


def test_the_policy_allows_our_files_and_pictures_of_the_read_service(pages, settings):
    policies = {page.headers["Content-Security-Policy"] for page in pages.values()}
    (policy,) = policies
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert f"img-src 'self' data: blob: {settings.SHOEBOX.read_url};" in policy
    assert "unsafe" not in policy


def test_only_the_admin_may_run_what_its_theme_needs():
    assert "'unsafe-eval'" in Client().get("/admin/login/").headers["Content-Security-Policy"]


def test_every_file_a_page_names_is_there(pages):
    names = {
        name for page in pages.values() for name in re.findall(r'"/static/([^"]+)"', text_of(page))
    }
    assert names
    assert [name for name in names if finders.find(name) is None] == []


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_needs_nothing_but_itself(name):
    page = render_to_string(f"{name}.html")
    assert "<h1>" in page
    assert INLINE.findall(page) == []


def test_a_page_that_is_not_there_says_so_in_words():
    response = Client().get("/nowhere")
    assert response.status_code == 404
    assert "Nothing here" in text_of(response)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (OperationalError("server closed the connection"), 503, "The index does not answer."),
        (RuntimeError("secret"), 500, "It is our fault"),
    ],
)
def test_a_page_that_cannot_be_made_says_whether_that_passes(monkeypatch, error, status, said):
    client = signed_in(make_user())
    client.raise_request_exception = False

    def fail(*_args, **_how):
        raise error

    monkeypatch.setattr("webapp.pages.views.gallery.page_of", fail)
    response = client.get("/")
    assert (response.status_code, "Retry-After" in response.headers) == (status, status == 503)
    assert said in text_of(response)
    assert str(error) not in text_of(response)
