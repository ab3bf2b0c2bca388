"""What is read: images on four folders, as files or behind stores that speak S3."""

import os
from contextlib import suppress

from tests.integration.reader_server import directory_world
from tests.unit.webapp.reader.world import ZONES, World, label_of
from webapp.core.ids import Kind, id_make
from webapp.core.keys import ORIGINAL, blob_key
from webapp.storage.directory import DirectoryStore
from webapp.storage.disk_labels import attribute_set

SMALL, MEDIUM, LARGE = 15_000, 300_000, 20_000_000
BUCKET = "bench"


def folder_world(folder):
    """Make four empty folders into shards."""
    folder.mkdir()
    return directory_world(folder)


def store_world(folder, servers):
    """Make four folders into shards that are reached as S3; return them and their stores."""
    folder.mkdir()
    stores, running, urls = {}, {}, {}
    for name in ZONES:
        (folder / name).mkdir()
        stores[name] = DirectoryStore(name, folder / name)
        running[name] = servers.store(name, folder / name)
        urls[name] = f"s3+http://127.0.0.1:{running[name].port}/{BUCKET}"
    return World(stores, folder, urls).found(), running


def images(world, count, *, size=SMALL):
    """Store images on every shard; return path → bytes."""
    bodies = {}
    for _ in range(count):
        image, data = world.image(b""), os.urandom(size)
        for shard in world.stores:
            write_fast(world.stores[shard].root / blob_key(image, ORIGINAL), data)
        bodies[f"/{image}"] = data
    return bodies


def image_on_first(world, data):
    """Store an image on its first position alone; return its path."""
    image = id_make(kind=Kind.PUBLIC, version=0)
    first = world.positions(image)[0]
    write_fast(world.stores[first].root / blob_key(image, ORIGINAL), data)
    return f"/{image}"


def write_fast(path, data):
    """Write a labelled file that no crash has to survive."""
    with suppress(FileExistsError):
        path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        attribute_set(file.fileno(), label_of(data))


def listed(path, names):
    """Write paths for wrk to ask for in turn."""
    path.write_text("\n".join(names))
    return path
