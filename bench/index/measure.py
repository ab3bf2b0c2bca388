"""Making two indexes, and measuring uploads into both and pages of one. Needs Django set up."""

import secrets
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.local.ports import free_port_block
from config.local.runner import start
from config.local.servers import Postgres
from tests.factories import isolate, make_cluster, make_image, make_picture, make_user
from tests.integration.index.databases import index_at, tables_make
from tests.integration.index.many_rows import many_rows
from webapp.accounts.principal import ALL_SCOPES, OWNER_SCOPES, Principal
from webapp.api.images import _wanted
from webapp.api.schemas import ListQuery
from webapp.cluster.snapshot import topology_now, version_current
from webapp.core.ids import Kind, id_make
from webapp.core.quota import Usage
from webapp.images.models import Image
from webapp.images.paging import cursor_of, page_of
from webapp.images.services.commit import Commit, upload_commit

SMALL = 1_000
ROUNDS, UPLOADS, THREADS = 6, 160, 8
LOOKS, PAGE = 9, 50
DEPTHS = (0, 0.1, 0.5, 0.9)


def measure(folder: Path, rows: int, *, uploads: bool = True) -> None:
    port, password = free_port_block(), secrets.token_hex(8)
    server = Postgres(directory=folder / "postgres", port=port, password=password)
    running = start(server.service())
    try:
        small, large = make(folder, server, "small", SMALL), make(folder, server, "large", rows)
        if uploads:
            print(uploads_table(small, large, rows))
        print(pages_table(large, rows))
    finally:
        running.stop()


class Index:
    """One index, its shards and the owner of its images."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder
        self.owner = self.staff = None

    def __enter__(self):

        self._entered = index_at(self.url)
        self._entered.__enter__()
        isolate(settings, self.folder)

    def __exit__(self, *error):
        self._entered.__exit__(*error)


def make(folder, server, name, rows):
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    place = folder / name
    place.mkdir()
    index = Index(server.url.rpartition("/")[0] + f"/{name}", place)
    began = time.monotonic()
    with index:
        tables_make()
        make_cluster(place)
        index.owner, index.staff = make_user(), make_user(staff=True)
        with without_indexes():
            for first in range(1, rows + 1, 100_000):
                many_rows(index.owner, min(100_000, rows + 1 - first), first=first)
    print(f"<!-- {rows:,} rows made in {time.monotonic() - began:.0f} s -->", flush=True)
    return index


@contextmanager
def without_indexes():
    """Make the indexes of images anew at the end, which is quicker than growing them."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE images_image DROP CONSTRAINT image_dedupe_key")
        cursor.execute(r"SELECT indexname, indexdef FROM pg_indexes WHERE indexname ~ '^image_'")
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute(
            "ALTER TABLE images_image ADD CONSTRAINT image_dedupe_key UNIQUE (dedupe_key)"
        )
        cursor.execute("VACUUM ANALYZE images_image")


def uploads_table(small, large, rows):
    seen = {"whole": ([], []), "index": ([], [])}
    both = [(0, small), (1, large)]
    for turn in range(ROUNDS):
        for number, index in both[:: -1 if turn % 2 else 1]:
            with index:
                seen["whole"][number].append(rate(partial(upload_whole, index)))
                seen["index"][number].append(rate(partial(upload_to_index, index)))
    lines = [
        f"| per second, {THREADS} threads | {SMALL:,} rows | {rows:,} rows | ratio |",
        "|---|---|---|---|",
    ]
    titles = {"whole": "upload, two fsynced copies", "index": "its index part alone"}
    for name, title in titles.items():
        few, many = (statistics.median(values) for values in seen[name])
        lines.append(f"| {title} | {few:.0f} | {many:.0f} | {many / few:.2f} |")
    return "\n".join(lines) + "\n"


def rate(act):
    """Return how often ``act`` is done in a second by several threads."""

    def some(count):
        try:
            for _ in range(count):
                act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(some, [1] * THREADS))
        began = time.perf_counter()
        list(threads.map(some, [UPLOADS // THREADS] * THREADS))
        return UPLOADS / (time.perf_counter() - began)


def upload_whole(index):
    make_image(index.owner, index.folder, data=picture())


def picture():
    """Return bytes of a picture of 300 KB that no other call made; quick to make."""

    global _picture  # noqa: PLW0603 - made once
    _picture = _picture or make_picture(width=360, height=280, form="BMP")
    return _picture[:-24] + secrets.token_bytes(24)


_picture = b""


def upload_to_index(index):
    version = version_current(topology_now(), "default").number
    digest = f"sha256:{secrets.token_hex(32)}"
    image = Image(
        id=str(id_make(kind=Kind.PUBLIC, version=version)),
        owner=index.owner,
        pool="default",
        filename="IMG_4711.jpg",
        title="A photo of something",
        bytes=300_000,
        digest=digest,
        source_digest=digest,
        content_type="image/jpeg",
        width=1600,
        height=1200,
        created_at=timezone.now(),
        dedupe_key=digest[-64:],
        due_at=timezone.now(),
    )
    upload_commit(Commit(image, version, None, Usage()))


FILTERS = {
    "all": {},
    "state=ready": {"state": "ready"},
    "state=failed": {"state": "failed"},
    "album=album7": {"album": "album7"},
    "q, a common word": {"q": "photo"},
    "q, two parts": {"q": "img_012 photo"},
    "q, a rare word": {"q": "img_0123456"},
    "q, nothing": {"q": "no such words"},
}


def pages_table(index, rows):
    lines = [
        f"| page of {PAGE} of {rows:,} | "
        + " | ".join(f"{d:.0%} deep" for d in DEPTHS)
        + " | by |",
        "|---|" + "---|" * (len(DEPTHS) + 1),
    ]
    with index:
        for who in ("owner", "staff"):
            for title, filters in FILTERS.items():
                lines.append(page_line(index, who, title, filters))
    return "\n".join(lines) + "\n"


def page_line(index, who, title, filters):
    scopes = ALL_SCOPES if who == "staff" else OWNER_SCOPES
    rows = _wanted(Principal(getattr(index, who), scopes), ListQuery(**filters))
    text = filters.get("q", "")
    wanted = rows.matching(text)
    count = wanted.count()
    cells, by = [], set()
    for depth in DEPTHS:
        cursor = None
        if depth and count > PAGE:
            cursor = cursor_of(wanted.by_match()[int(count * depth)])
        with CaptureQueriesContext(connection) as seen:
            page_of(rows, limit=PAGE, cursor=cursor, text=text)
        by |= indexes_of(query["sql"] for query in seen)
        cells.append(f"{milliseconds(rows, cursor, text):.1f} ms")
    return f"| {who}, {title} | " + " | ".join(cells) + f" | {', '.join(sorted(by))} |"


def milliseconds(rows, cursor, text):
    times = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        page_of(rows, limit=PAGE, cursor=cursor, text=text)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def indexes_of(statements):
    found = set()
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        words = plan.replace("(", " ").split()
        found |= {word for word in words if word.startswith("image_")}
        found |= {"**whole table**"} if "Seq Scan" in plan else set()
    return found
