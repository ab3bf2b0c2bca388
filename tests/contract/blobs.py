"""Blobs to put on stores."""

from webapp.core.label import About, Label
from webapp.core.signing import bytes_digest

ABOUT = About(
    owner_id="6d0c3a52-5cbb-4c0c-8a39-7a0d9a0f3d31",
    owner_name="zuzana",
    pool="default",
    source_digest="sha256:" + "a" * 64,
    width=4000,
    height=3000,
    frames=1,
    filename="Přístav v Ålesundu - ночь 夜 😀.jpg",
    title='Quote " backslash \\ newline \n percent %41',
    album="夏休み",
    created_at="2026-11-22T10:00:00Z",
)


def labelled(data: bytes, *, about: About | None = None) -> Label:
    return Label(bytes_digest(data), "image/png", about)


def put(store, key: str, data: bytes, **options) -> None:
    store.put(key, data, label=labelled(data, **options))


def get(store, key: str, **span) -> bytes | None:
    with store.open(key, **span) as blob:
        return blob.read() if blob else None
