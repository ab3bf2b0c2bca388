"""The page of one image, on the index alone: what it shows in each state, and the links."""

import re
from datetime import timedelta
from html import unescape

import pytest

from tests.factories import make_user
from tests.integration.page_rows import make_row, make_rows, signed_in, text_of
from webapp.core.ids import Kind
from webapp.images.models import ImageState

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_user()


@pytest.fixture
def client(owner):
    return signed_in(owner)


def show(client, image, query="", **headers):
    response = client.get(f"/i/{image.id}{query}", headers=headers)
    assert response.status_code == 200
    return text_of(response)


def texts(page):
    """What the page offers to copy, by name."""
    pairs = re.findall(r'id="copy-(\w+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in pairs}


def test_a_ready_image_comes_in_several_widths(owner, client):
    image = make_row(owner)
    page = show(client, image)
    assert f"/{image.id}/w320.webp 320w" in page
    assert f"/{image.id}/w1600.webp 1200w" in page
    assert f"/{image.id}/w1600.jpg 1200w" in page


def test_an_image_smaller_than_every_preset_has_one_width(owner, client):
    image = make_row(owner, width=200, height=100)
    assert f'srcset="http://127.0.0.1:8001/{image.id}/w320.webp 200w"' in show(client, image)


def test_the_links_to_copy_are_those_of_the_original(owner, client, settings):
    image = make_row(owner, title="Sea [1]")
    direct = f"{settings.SHOEBOX.read_url}/{image.id}.jpg"
    assert texts(show(client, image)) == {
        "direct": direct,
        "page": f"{settings.SHOEBOX.write_url}/i/{image.id}",
        "html": f'<img src="{direct}" alt="Sea [1]">',
        "markdown": rf"![Sea \[1\]]({direct})",
        "bbcode": f"[img]{direct}[/img]",
    }


def test_a_smaller_size_links_to_the_original(owner, client, settings):
    image = make_row(owner)
    small = f"{settings.SHOEBOX.read_url}/{image.id}/w800.jpg"
    whole = f"{settings.SHOEBOX.read_url}/{image.id}.jpg"
    copied = texts(show(client, image, "?size=w800", **{"HX-Request": "true"}))
    assert copied["markdown"] == f"[![photo.jpg]({small})]({whole})"
    assert copied["html"] == f'<a href="{whole}"><img src="{small}" alt="photo.jpg"></a>'


def test_a_title_cannot_break_out_of_the_html_to_copy(owner, client):
    image = make_row(owner, title='"><script>')
    assert 'alt="&quot;&gt;&lt;script&gt;"' in texts(show(client, image))["html"]


def test_links_of_a_signed_image_are_signed_and_say_when_they_end(owner, client):
    page = show(client, make_row(owner, kind=Kind.SIGNED))
    assert "sig=" in texts(page)["direct"]
    assert "Only signed links show it. These end" in page


def test_a_private_original_is_offered_to_its_owner_only(owner, client):
    image = make_row(owner, private=True, content_type="image/heic")
    staff = signed_in(make_user(staff=True))
    assert f"/{image.id}/private" in show(client, image)
    assert f"/{image.id}/private" not in show(staff, image)


def test_a_private_original_is_never_a_link_to_copy(owner, client):
    image = make_row(owner, private=True, content_type="image/heic")
    assert texts(show(client, image))["direct"].endswith(f"/{image.id}/w1600.jpg")


def test_a_stored_image_shows_its_original_meanwhile(owner, client):
    image = make_row(owner, state=ImageState.STORED)
    page = show(client, image)
    assert "Stored, being prepared" in page
    assert f'<img src="http://127.0.0.1:8001/{image.id}.jpg"' in page


@pytest.mark.parametrize("state", [ImageState.FAILED, ImageState.REJECTED])
def test_what_could_not_be_prepared_says_why_and_can_be_tried_again(owner, client, state):
    image = make_row(owner, state=state, reason="the file is torn")
    page = show(client, image)
    assert "the file is torn" in page
    assert f'action="/i/{image.id}/retry"' in page


def test_a_rejected_image_has_no_links(owner, client):
    assert texts(show(client, make_row(owner, state=ImageState.REJECTED))) == {}


def test_a_deleted_image_can_be_restored_and_nothing_else(owner, client):
    image = make_row(owner, state=ImageState.DELETED)
    page = show(client, image)
    assert f'action="/i/{image.id}/restore"' in page
    assert f'action="/i/{image.id}/delete"' not in page
    assert texts(page) == {}


def test_an_erased_image_has_no_page(owner, client):
    image = make_row(owner, state=ImageState.DELETED, restorable_until=None)
    assert client.get(f"/i/{image.id}").status_code == 404


def test_the_dialog_says_that_caches_cannot_be_recalled(owner, client):
    assert "cannot be recalled" in show(client, make_row(owner))


def test_the_images_beside_it_are_one_key_away(owner, client):
    newest, middle, oldest = make_rows(owner, 3)
    page = show(client, middle)
    assert f'href="/i/{newest.id}" rel="prev"' in page
    assert f'href="/i/{oldest.id}" rel="next"' in page


def test_deleted_images_and_those_of_others_are_not_beside_it(owner, client):
    image = make_row(owner)
    make_row(owner, age=timedelta(hours=1), state=ImageState.DELETED)
    make_row(make_user(), age=timedelta(hours=2))
    assert 'rel="next"' not in show(client, image)


def test_an_address_that_is_no_id_is_not_found(client):
    assert client.get("/i/p000ILOU").status_code == 404


def test_a_picture_that_moves_is_shown_as_it_was_sent(owner, client):
    image = make_row(owner, content_type="image/gif", frames=12)
    assert f'<img src="http://127.0.0.1:8001/{image.id}.gif"' in show(client, image)
