"""Lists begin at their cursor by an index, however deep: plans on some thousand rows."""

import re

import pytest

from tests.factories import make_user
from tests.integration.index.databases import index_at, tables_empty
from tests.integration.index.many_rows import many_rows
from webapp.accounts.principal import ALL_SCOPES, OWNER_SCOPES, Principal
from webapp.api.images import _wanted
from webapp.api.schemas import ListQuery
from webapp.images.paging import cursor_of, cursor_parse

ROWS = 20_000
PAGE = 50


@pytest.fixture(scope="module")
def filled(postgres_url, django_db_blocker):
    """An owner of many images, and staff, on PostgreSQL."""
    with django_db_blocker.unblock(), index_at(postgres_url):
        tables_empty()
        users = {"owner": make_user(), "staff": make_user(staff=True)}
        many_rows(users["owner"], ROWS)
        yield users
        tables_empty()


def page(users, who, depth, filters):
    """Return the rows of the page that begins so deep in a list."""
    user = users[who]
    principal = Principal(user, ALL_SCOPES if who == "staff" else OWNER_SCOPES)
    rows = _wanted(principal, ListQuery(**filters))
    place = int(rows.count() * depth)
    cursor = cursor_of(rows[place])
    return rows.older_than(*cursor_parse(cursor))[: PAGE + 1]


def rows_read(plan):
    """Return how many rows the plan read at its lowest nodes, those it dropped included."""
    kept = re.findall(r"Scan .*actual rows=(\d+)", plan) or re.findall(r"rows=(\d+) loops", plan)
    dropped = re.findall(r"Rows Removed by (?:Filter|Index Recheck): (\d+)", plan)
    return max(map(int, kept)) + sum(map(int, dropped))


@pytest.mark.parametrize("depth", [0, 0.5, 0.9])
@pytest.mark.parametrize("who", ["owner", "staff"])
@pytest.mark.parametrize(
    "filters",
    [{}, {"state": "ready"}, {"state": "failed"}, {"album": "album7"}],
    ids=lambda filters: "-".join(filters.values()) or "all",
)
def test_a_page_reads_hardly_more_rows_than_it_shows(filled, who, depth, filters):
    rows = page(filled, who, depth, filters)
    plan = rows.explain(analyze=True, timing=False, costs=False)
    assert "Seq Scan" not in plan
    assert rows_read(plan) <= 3 * PAGE, plan
