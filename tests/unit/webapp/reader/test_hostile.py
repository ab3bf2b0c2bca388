"""Generated requests: no input gives a 500, and nothing of a query is logged."""

import random

from webapp.core.ids import Kind

METHODS = ["GET"] * 8 + ["HEAD", "POST"]
PIECES = [
    "w320",
    "thumb",
    "private",
    "original",
    "manifest.json",
    "..",
    "%2e%2e",
    "%00",
    "%ff",
    "a" * 70,
    "é",
    "robots.txt",
    "readyz",
    "",
]
SUFFIXES = [
    *[""] * 6,
    *[".jpg"] * 4,
    ".webp",
    ".png",
    ".gif",
    ".JPG",
    ".",
    "..",
    ".exe",
    "%2fx",
    "/",
]
NAMES = ["exp", "sig", "download", "x", "%ff", ""]
VALUES = ["", "1", "9" * 30, "k1.abc", "%00%0d%0a", "é", "../../x", "-1", "a" * 300]
HEADERS = {
    "if-none-match": ["*", '"x"', 'W/"', '"a","b', "\xff", ",,,"],
    "if-match": ["*", '"x"', ""],
    "if-modified-since": ["Sun, 06 Nov 1994 08:49:37 GMT", "never", "0"],
    "if-unmodified-since": ["Sun, 06 Nov 1994 08:49:37 GMT", "\xff"],
    "range": [
        "bytes=0-",
        "bytes=999-",
        "bytes=-1",
        "bytes=9-1",
        "bytes=1-2,3-4",
        "lines=1",
        "bytes=--",
        "\xff",
    ],
    "if-range": ['"x"', "Sun, 06 Nov 1994 08:49:37 GMT", "*"],
    "accept": ["*/*", "image/webp;q=x", "\xff", "," * 100, "image/*;q=0.3, image/png"],
}
REQUESTS = 3000
KNOWN = {200, 206, 304, 403, 404, 405, 412, 416, 503}


def made(chance, ids):
    path = "/" + chance.choice(ids) + chance.choice(["", "", "/" + chance.choice(PIECES)])
    path = chance.choice([path, path, "/" + chance.choice(PIECES)]) + chance.choice(SUFFIXES)
    fields = [
        f"{chance.choice(NAMES)}={chance.choice(VALUES)}"
        for _ in range(chance.choice([0, 0, 1, 3]))
    ]
    names = chance.sample(sorted(HEADERS), chance.choice([0, 1, 2, 4]))
    headers = [(name.encode(), chance.choice(HEADERS[name]).encode("latin-1")) for name in names]
    return path + ("?" + "&".join(fields) if fields else ""), headers


async def test_no_request_gives_a_500(world, reader):
    chance = random.Random(7)
    ids = [str(world.image()), str(world.image(kind=Kind.SIGNED)), "p" + "0" * 23, "x"]
    statuses = set()
    for _ in range(REQUESTS):
        path, headers = made(chance, ids)
        request = reader.client.build_request(chance.choice(METHODS), path, headers=headers)
        statuses.add((await reader.client.send(request)).status_code)
    assert {200, 206, 304, 403, 404, 405, 412, 416} <= statuses <= KNOWN


async def test_nothing_of_a_query_is_logged(world, reader):
    for _ in range(20):
        await reader.get(f"/{world.image()}?sig=topsecret&exp=1&download=topsecret")
    await reader.get("/nowhere?sig=topsecret")
    await reader.get(f"/{world.image()}.jpg%3Fexp=1%26sig=topsecret")
    reader.parts.access_log.flush()
    assert "topsecret" not in "".join(reader.lines)
