"""The gallery: what it shows, in which order, page by page."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_user
from tests.integration.page_rows import make_row, make_rows, signed_in, text_of, tiles_of
from webapp.core.ids import Kind
from webapp.images.models import ImageState
from webapp.pages.gallery import PAGE_IMAGES

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def owner():
    return make_user()


@pytest.fixture
def client(owner):
    return signed_in(owner)


def next_address(response):
    return unescape(re.search(r'hx-get="([^"]*cursor[^"]*)"', text_of(response))[1])


def query_count(client, path):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_the_newest_comes_first(owner, client):
    rows = make_rows(owner, 3)
    assert tiles_of(client.get("/")) == [row.id for row in rows]


def test_images_of_others_are_not_shown(client, owner):
    make_rows(make_user(), 2)
    mine = make_row(owner)
    assert tiles_of(client.get("/")) == [mine.id]


def test_the_pages_together_show_every_image_once(owner, client):
    rows = make_rows(owner, 2 * PAGE_IMAGES + 3)
    seen, response = [], client.get("/")
    while True:
        seen += tiles_of(response)
        if "cursor" not in text_of(response):
            break
        response = client.get(next_address(response), headers=HTMX)
    assert seen == [row.id for row in rows]


def test_a_page_is_continued_after_its_last_image_was_deleted(owner, client):
    rows = make_rows(owner, PAGE_IMAGES + 2)
    address = next_address(client.get("/"))
    rows[PAGE_IMAGES - 1].delete()
    assert tiles_of(client.get(address, headers=HTMX)) == [row.id for row in rows[PAGE_IMAGES:]]


def test_what_htmx_asks_for_is_a_part(owner, client):
    make_rows(owner, 2)
    assert "<html" not in text_of(client.get("/?q=photo", headers=HTMX))


def test_htmx_gets_the_whole_page_when_it_restores_history(client):
    headers = {**HTMX, "HX-History-Restore-Request": "true"}
    assert "<html" in text_of(client.get("/", headers=headers))


def test_caches_tell_a_part_from_a_page(client):
    assert "HX-Request" in client.get("/").headers["Vary"]


def test_a_larger_gallery_asks_the_index_no_more_often(owner, client):
    make_rows(owner, 2)
    few = query_count(client, "/")
    make_rows(owner, 30, state=ImageState.FAILED)
    assert query_count(client, "/") == few


def test_a_cursor_nobody_gave_is_refused(client):
    assert client.get("/?cursor=yesterday").status_code == 400


def test_a_word_of_the_title_finds_an_image(owner, client):
    found = make_row(owner, title="Evening at the lake")
    make_row(owner)
    assert tiles_of(client.get("/?q=LAKE")) == [found.id]


def test_an_album_shows_what_is_in_it(owner, client):
    found = make_row(owner, album="Prints")
    make_row(owner, album="Summer")
    assert tiles_of(client.get("/?album=Prints")) == [found.id]


def test_only_own_albums_are_offered(owner, client):
    make_row(make_user(), album="Secret")
    make_row(owner, album="Prints")
    page = text_of(client.get("/"))
    assert "Prints" in page
    assert "Secret" not in page


def test_filters_stay_on_the_next_page(owner, client):
    make_rows(owner, PAGE_IMAGES + 1, album="A & B")
    make_rows(owner, 3)
    address = next_address(client.get("/?album=A+%26+B"))
    assert len(tiles_of(client.get(address, headers=HTMX))) == 1


def test_deleted_images_are_shown_only_when_asked_for(owner, client):
    deleted = make_row(owner, state=ImageState.DELETED)
    there = make_row(owner)
    assert tiles_of(client.get("/")) == [there.id]
    assert tiles_of(client.get("/?state=deleted")) == [deleted.id]


def test_erased_images_are_not_shown(owner, client):
    make_row(owner, state=ImageState.DELETED, restorable_until=None)
    assert tiles_of(client.get("/?state=deleted")) == []


def test_problems_show_what_failed_with_its_reason(owner, client):
    make_row(owner)
    failed = make_row(owner, state=ImageState.FAILED, reason="over the memory limit")
    rejected = make_row(owner, age=timedelta(hours=1), state=ImageState.REJECTED, reason="torn")
    response = client.get("/?state=problems")
    assert tiles_of(response) == [failed.id, rejected.id]
    assert "over the memory limit" in text_of(response)
    assert "torn" in text_of(response)


def test_an_image_that_is_being_prepared_says_so_and_asks_no_shard(owner, client):
    make_row(owner, state=ImageState.STORED)
    page = text_of(client.get("/"))
    assert "Being prepared" in page
    assert "<picture>" not in page


def test_a_tile_keeps_its_place_while_its_picture_loads(owner, client):
    make_row(owner, width=3000, height=2000)
    page = text_of(client.get("/"))
    assert 'width="3000" height="2000"' in page
    assert 'class="tile r15"' in page


def test_a_tile_says_what_its_picture_will_look_like(owner, client):
    make_row(owner, placeholder="IQgKBID4h4iIh4iPdngAAAAAAA==", colour="#a1b2c3")
    page = text_of(client.get("/"))
    assert 'data-placeholder="IQgKBID4h4iIh4iPdngAAAAAAA==" data-colour="#a1b2c3"' in page


def test_pictures_of_signed_images_come_by_signed_links(owner, client):
    make_row(owner, kind=Kind.SIGNED)
    links = re.findall(r'srcset="([^"]+)"', text_of(client.get("/")))
    assert links
    assert all("sig=" in link for text in links for link in text.split(", "))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("q=cat", "No title or file name has “cat”."),
        ("album=Pets", "The album “Pets” has no pictures."),
        ("album=Pets&q=<b>", "No title or file name in the album “Pets” has “&lt;b&gt;”."),
    ],
)
def test_nothing_found_says_what_was_looked_for(client, query, said):
    assert said in text_of(client.get(f"/?{query}"))


def test_an_empty_gallery_says_how_to_fill_it(client):
    assert "Your box is empty" in text_of(client.get("/"))


def test_a_title_cannot_become_markup(owner, client):
    make_row(owner, title='"><script src=//evil></script>')
    assert "<script src=//evil>" not in text_of(client.get("/"))


def test_tiles_are_given_again_one_by_one(owner, client):
    rows = make_rows(owner, 3)
    response = client.get(f"/tiles?id={rows[0].id}&id={rows[2].id}")
    assert tiles_of(response) == [rows[0].id, rows[2].id]


def test_tiles_of_others_are_left_out(owner, client):
    assert tiles_of(client.get(f"/tiles?id={make_row(make_user()).id}")) == []


def test_nul_in_an_address_finds_nothing_and_breaks_nothing(client):
    assert client.get("/?q=a%00b&album=%00&state=%00").status_code == 200
    assert client.get("/tiles?id=%00").status_code == 200
