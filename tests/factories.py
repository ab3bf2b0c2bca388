"""Things tests need many of: pictures, users, clusters of folders."""

import hashlib
import io
import itertools
import secrets

from PIL import Image as Picture

from webapp.accounts.services import user_make
from webapp.cluster import snapshot, stores
from webapp.cluster.services import shard_activate, shard_add
from webapp.intake.details import Details
from webapp.uploads.accept import upload_accept
from webapp.uploads.spool import Spooled

_numbers = itertools.count(1)


def make_picture(*, width=640, height=480, form="JPEG", mode="RGB", seed=None):
    """Return the bytes of a picture no other call made."""
    noise = secrets.token_bytes(48) if seed is None else hashlib.sha384(seed.encode()).digest()
    small = Picture.frombytes("RGB", (4, 4), noise)
    file = io.BytesIO()
    small.resize((width, height), Picture.Resampling.BICUBIC).convert(mode).save(file, form)
    return file.getvalue()


def make_user(**values):
    return user_make(name=f"user{next(_numbers)}", password="correct horse battery", **values)


def make_cluster(folder, *, count=4, zones=2):
    """Add and activate directory shards below ``folder``; return their roots by name."""
    roots = {f"s{i}": folder / "shards" / f"s{i}" for i in range(1, count + 1)}
    for index, (name, root) in enumerate(roots.items()):
        root.mkdir(parents=True)
        shard_add(name=name, url=f"file://{root}", zone=f"z{index % zones + 1}")
    shard_activate(names=list(roots))
    return roots


def isolate(settings, folder):
    """Give one test its own files and its own view of the cluster."""
    settings.SHOEBOX = settings.SHOEBOX.model_copy(
        update={
            "data": folder,
            "spool": folder / "spool",
            "topology_file": folder / "topology.json",
            "journal_file": folder / "deleted.json",
        }
    )
    snapshot._cached = None
    stores._process = None


def make_image(owner, folder, *, data=None, details=None, key=""):
    """Upload bytes the way the receiver does once it has them; return what it answers."""
    data = make_picture() if data is None else data
    spool = folder / "spool"
    spool.mkdir(exist_ok=True)
    path = spool / f"upload-{secrets.token_hex(8)}"
    path.write_bytes(data)
    spooled = Spooled(path, len(data), f"sha256:{hashlib.sha256(data).hexdigest()}")
    return upload_accept(
        owner=owner, spooled=spooled, details=details or Details(), idempotency_key=key
    )
