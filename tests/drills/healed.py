"""What must be true in the end: all at home, nothing left over, every byte as it was."""

from tests.processes import wait_until
from webapp.core.ids import id_parse
from webapp.core.keys import MANIFEST, QUARANTINE_PREFIX, image_prefix

HEALED_SECONDS = 200


def is_at_home(client, image_id):
    """Tell whether the original is on its homes, all of them and nowhere else."""
    return client.homes(image_id) == set(client.holders(image_id))


def assert_healed(system, images):
    """Wait until every image is at home and nothing stands in; then read all of it back."""
    client = system.client
    for image in images:
        client.wait_ready(image["id"])
        wait_until(
            lambda image=image: is_at_home(client, image["id"]),
            seconds=HEALED_SECONDS,
            what=f"{image['id']} at home: {client.positions(image['id'])}",
        )
    assert_read_back(client, images)
    for image in images:
        wait_until(
            lambda image=image: not strays(system, image["id"]),
            seconds=HEALED_SECONDS,
            what=f"nothing left over of {image['id']}",
        )
    wait_until(lambda: not uploads_left(system), seconds=HEALED_SECONDS, what="an empty spool")


def assert_read_back(client, images):
    """Read everything back that was acknowledged, byte for byte."""
    for image in images:
        client.read_everything(client.wait_ready(image["id"]))


def strays(system, image_id):
    """Return what an image has on shards that are not its homes, but for its records."""
    homes = system.client.homes(image_id)
    found = [key for name, key in names_of(system, image_id) if name not in homes]
    return [key for key in found if not key.endswith(MANIFEST)]


def names_of(system, image_id):
    """Return shard and key of every blob of an image."""
    prefix = image_prefix(id_parse(image_id))
    return [(name, key) for name in system.shard_names for key in system.shard(name).keys(prefix)]


def uploads_left(system):
    """Return what uploads left in the spool."""
    return [path.name for path in system.spool.iterdir() if path.name.startswith("upload-")]


def blobs_of(system, image_id):
    """Return every blob of an image by shard and key: its bytes and its label."""
    found = {}
    for name, key in names_of(system, image_id):
        with system.shard(name).open(key) as blob:
            found[name, key] = (blob.read(), blob.stat.label)
    return found


def quarantined(system, image_id):
    """Return the keys of an image's bad copies that were put aside."""
    prefix = QUARANTINE_PREFIX + image_prefix(id_parse(image_id))
    return [key for name in system.shard_names for key in system.shard(name).keys(prefix)]
