"""Keys: where a blob of an image lies on a shard."""

from webapp.core.ids import ImageId

TOPOLOGY_KEY = "_shoebox/topology.json"
JOURNAL_KEY = "_shoebox/deleted.json"
IDENTITY_KEY = "_shoebox/shard.json"
QUARANTINE_PREFIX = "_shoebox/quarantine/"
NOTED_PREFIX = "_shoebox/noted/"

ORIGINAL = "original"
PRIVATE = "private"
MANIFEST = "manifest.json"
TOMBSTONE = "tombstone"


def image_prefix(image_id: ImageId) -> str:
    """Return the folder all blobs of an image lie in, ending in a slash."""
    return f"{image_id.partition}/{image_id}/"


def blob_key(image_id: ImageId, name: str) -> str:
    """Return the key of one blob.

    Args:
        image_id: The image.
        name: ``original``, ``private``, ``manifest.json``, ``tombstone`` or ``preset.ext``.
    """
    return image_prefix(image_id) + name
