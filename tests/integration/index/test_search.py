"""Searching by title and file name: the same on either database."""

import pytest
from django.db import connection

from tests.integration.page_rows import make_row
from webapp.images import paging
from webapp.images.models import Image
from webapp.images.services import image_update


def found(owner, text):
    return set(Image.objects.visible_to(owner).matching(text).values_list("title", flat=True))


TITLES = (
    "Summer at the Lake",
    "SUMMER 100% rain",
    "snow_storm",
    "snowXstorm",
    "ÉTÉ à Genève",
    "Straße",
    "日本の夏",
    "back\\slash",
    "ﬁnal",
)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("summer", {"Summer at the Lake", "SUMMER 100% rain"}),
        ("LAKE sum", {"Summer at the Lake"}),
        ("torm", {"snow_storm", "snowXstorm"}),
        ("lake snow", set()),
        ("100%", {"SUMMER 100% rain"}),
        ("%", {"SUMMER 100% rain"}),
        ("snow_", {"snow_storm"}),
        ("été", {"ÉTÉ à Genève"}),
        ("GENÈVE", {"ÉTÉ à Genève"}),
        ("STRASSE", {"Straße"}),
        ("日本", {"日本の夏"}),
        ("k\\s", {"back\\slash"}),
        ("final", {"ﬁnal"}),
        ("holiday.JPG snow_", {"snow_storm"}),
        ("'; drop", set()),
        ("   ", set(TITLES)),
    ],
)
def test_a_search_finds_what_holds_each_word(owner, text, titles):
    for title in TITLES:
        make_row(owner, title=title, filename="Holiday.jpg")
    assert found(owner, text) == titles


def test_a_changed_title_is_found_and_the_old_one_is_not(owner):
    image = make_row(owner, title="before", filename="a.jpg")
    image_update(image=image, values={"title": "After"})
    assert (found(owner, "before"), found(owner, "after a.jpg")) == (set(), {"After"})


@pytest.mark.parametrize("near", [2, 10, 5000])
@pytest.mark.parametrize("text", ["lake", "photo", "sea photo", "nothing"])
def test_pages_of_a_search_are_the_same_however_far_its_matches_lie(owner, monkeypatch, near, text):
    monkeypatch.setattr(paging, "NEAR_ROWS", near)
    for number in range(30):
        title = "Lake" if number < 5 else f"{'Sea' if number % 3 else 'Hill'} photo"
        make_row(owner, title=title, filename=f"{number}.jpg")
    rows = Image.objects.visible_to(owner)
    seen, cursor = [], None
    while True:
        page = paging.page_of(rows, limit=4, cursor=cursor, text=text)
        seen += page.images
        cursor = page.next
        if cursor is None:
            break
    assert seen == list(rows.matching(text))


def test_a_search_uses_the_index_of_trigrams(postgresql):
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")  # there are no rows, which need no index
        plan = Image.objects.order_by().matching("summer").explain()
        cursor.execute("RESET enable_seqscan")
    assert "image_search" in plan
