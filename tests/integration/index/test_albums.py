"""Names of albums: the same on either database, and as dear as there are albums."""

import pytest
from django.db import connection

from tests.factories import make_user
from tests.integration.index.many_rows import many_rows
from tests.integration.page_rows import make_row
from webapp.images.albums import albums_of, albums_statement
from webapp.images.models import ImageState

# A tenth of many images are in albums; all of one album are deleted and have to be looked at.
ROWS, ALBUMS, OF_EACH = 5_000, 10, 50


def test_albums_that_hold_an_image_are_named_once_in_order(owner):
    for album in ("Winter", "Bikes", "Bikes", ""):
        make_row(owner, album=album)
    make_row(owner, album="Emptied", state=ImageState.DELETED)
    make_row(make_user(), album="Another's")
    assert albums_of(owner, most=10) == ["Bikes", "Winter"]


def test_no_more_albums_are_named_than_asked_for(owner):
    for album in "abc":
        make_row(owner, album=album)
    assert albums_of(owner, most=2) == ["a", "b"]


@pytest.mark.parametrize("index", ["sqlite"], indirect=True)
def test_a_look_at_albums_asks_the_index_of_sqlite_for_each_name(owner):
    statement, values = albums_statement(owner, most=10)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert plan.count("INDEX image_album_list") == 3, plan


def test_a_look_at_albums_does_not_read_what_is_in_them(postgresql):
    owner = make_user()
    many_rows(owner, ROWS)
    statement, values = albums_statement(owner, most=200)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
        ((plan,),) = cursor.fetchall()
    read = sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for node in nodes(plan[0]["Plan"])
        if node.get("Relation Name") == "images_image"
    )
    assert read <= 3 * ALBUMS + OF_EACH


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
