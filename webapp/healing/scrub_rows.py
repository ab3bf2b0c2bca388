"""Walking the rows of the index partition by partition, beside the shards."""

from collections import deque
from collections.abc import Iterable

from webapp.core.ids import RANDOM_LENGTH, Kind, number_encode
from webapp.core.topology import Topology
from webapp.images.models import Image

PAGE = 500


class RowWalk:
    """The ids of images of one kind and version, taken partition by partition, ascending.

    What is added behind the walk's back is not seen; its bytes are, and whoever finds them
    asks for the row again.

    Args:
        head: What the ids begin with: kind and version.
        whole: False: only one partition will be asked for.
    """

    def __init__(self, head: str, *, whole: bool) -> None:
        self._head = head
        self._whole = whole
        self._ids: deque[str] = deque()
        self._asked_to = ""

    def take(self, partition: str) -> list[str]:
        """Return the ids of a partition, in order."""
        first, last = self._range(partition)
        found: list[str] = []
        while True:
            while self._ids and self._ids[0] <= last:
                image_id = self._ids.popleft()
                found += [image_id] if image_id >= first else []
            if self._ids or self._asked_to >= last:
                return found
            self._fetch(max(first, self._asked_to), last)

    def _range(self, partition: str) -> tuple[str, str]:
        start, rest = self._head + partition, RANDOM_LENGTH - len(partition)
        return start + "0" * rest, start + "z" * rest

    def _fetch(self, start: str, last: str) -> None:
        end = self._range("zzz")[1] if self._whole else last
        rows = Image.objects.filter(pk__range=(start, end)).order_by("pk")
        page = list(rows.values_list("pk", flat=True)[:PAGE])
        self._ids += (image_id for image_id in page if image_id > self._asked_to)
        self._asked_to = page[-1] if len(page) == PAGE else end


class RowWalks:
    """The same for every kind and version there is.

    Args:
        topology: Which versions there are.
        whole: False: only one partition will be asked for.
    """

    def __init__(self, topology: Topology, *, whole: bool) -> None:
        heads = [f"{k.value}{number_encode(v)}" for k in Kind for v in sorted(topology.versions)]
        self._walks = [RowWalk(head, whole=whole) for head in heads]

    def rows(self, partition: str, listed: Iterable[str]) -> dict[str, Image]:
        """Return the rows of a partition, and those of images that shards list, by id."""
        ids = {image_id for walk in self._walks for image_id in walk.take(partition)}
        ids |= {*listed}
        if not ids:
            return {}
        rows = Image.objects.select_related("owner")
        return {image.id: image for image in rows.filter(pk__in=ids)}
