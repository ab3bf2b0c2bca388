"""Notes: what a read service leaves on a shard about a bad copy that lies on this or another one.

The name of a note says everything, so nobody has to open it, and the same copy noted by many
is one note.
"""

import re
from dataclasses import dataclass

from webapp.core.errors import MalformedIdError
from webapp.core.ids import ImageId, id_parse
from webapp.core.keys import NOTED_PREFIX, blob_key

# Neither ids nor names of shards have a "_", so what is between the first and the last is the blob.
_NAME = re.compile(r"([0-9a-z]+)_([0-9A-Za-z._-]{1,64})_([0-9a-z-]{1,32})\.json")


@dataclass(frozen=True, slots=True)
class Note:
    """A copy that somebody found to be bad. A hint, never a proof.

    Args:
        image_id: Of what.
        blob: Its name in the image's folder.
        shard: Where the copy lies; the note may lie elsewhere.
    """

    image_id: ImageId
    blob: str
    shard: str

    @property
    def name(self) -> str:
        """Key of the note."""
        return f"{NOTED_PREFIX}{self.image_id}_{self.blob}_{self.shard}.json"

    @property
    def key(self) -> str:
        """Key of the copy."""
        return blob_key(self.image_id, self.blob)


def note_of(shard: str, key: str) -> Note:
    """Return the note of a copy.

    Args:
        shard: Where it lies.
        key: Of a blob of an image.
    """
    _, image_id, blob = key.split("/")
    return Note(id_parse(image_id), blob, shard)


def note_parse(name: str) -> Note | None:
    """Return what the key of a note says; None when it is none's."""
    match = _NAME.fullmatch(name.removeprefix(NOTED_PREFIX))
    if match is None:
        return None
    image_id, blob, shard = match.groups()
    try:
        return Note(id_parse(image_id), blob, shard)
    except MalformedIdError:
        return None
