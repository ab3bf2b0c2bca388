"""Uploads in a folder, as tests of the tus room need them."""

import os

from webapp.uploads.tus.about import About, upload_create
from webapp.uploads.tus.place import KEPT_SECONDS

OWNER = "5f0c2d9e-0000-4000-8000-000000000001"


def make_upload(spool, *, length=10, data=b"", owner=OWNER, **values):
    """Return the place of an upload of which ``data`` has arrived."""
    place = upload_create(spool=spool, owner_id=owner, about=About(length, **values))
    place.data.write_bytes(data)
    return place


def make_old(*paths, seconds=KEPT_SECONDS):
    """Let files look as if nothing had happened to them for so long, and a moment more."""
    for path in paths:
        then = path.stat().st_mtime - seconds - 1
        os.utime(path, (then, then))
