"""Quarantine is emptied: what is of an erased image goes, and so does what is old.

A bad copy is kept for whoever wants to know why it is bad, and may be a picture all the same:
whole, under a wrong label. Each shard is walked by itself, a little at a time.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import islice

import structlog
from django.conf import settings
from django.utils import timezone

from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import fleet
from webapp.core.keys import QUARANTINE_PREFIX
from webapp.healing.reap_turns import turn_of
from webapp.images.models import Image, ImageState
from webapp.storage.base import BlobStore
from webapp.storage.everywhere import ask_all
from webapp.storage.quarantine import quarantine_parse

log = structlog.get_logger(__name__)

KEYS = 500
SECONDS = 30.0


def quarantine_reap(*, limit: int = KEYS) -> int:
    """Look at the next copies in each shard's quarantine; return how many were removed.

    Those of erased images go, and those kept for ``SHOEBOX_QUARANTINE_DAYS``. What is named as
    no quarantined copy stays. A shard that does not answer has its turn another time.

    Args:
        limit: Most copies looked at on one shard.
    """
    topology = topology_now()
    names = [entry.name for entry in topology.shards.values() if entry.state.takes_records]
    runs = {name: turn_of(f"quarantine {name}") for name in names}
    cursors = {name: run.cursor for name, run in runs.items()}

    def look(store: BlobStore) -> list[str]:
        after = cursors[store.name]
        return list(islice(store.keys(QUARANTINE_PREFIX, after=after), limit))

    stores = fleet().stores(topology, names)
    found = ask_all(stores, look, within=SECONDS).given
    going = _going(found)

    def remove(store: BlobStore) -> int:
        for key in going[store.name]:
            store.delete(key)
        return len(going[store.name])

    some = [store for store in stores if going.get(store.name)]
    removed = ask_all(some, remove, within=SECONDS).given
    for name, keys in found.items():
        if going[name] and name not in removed:
            continue  # looked at again
        runs[name].cursor = keys[-1] if len(keys) == limit else ""
        runs[name].save(update_fields=["cursor", "moved_at"])
    if removed:
        log.info("quarantine reaped", removed=dict(removed))
    return sum(removed.values())


def _going(found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    known = {key: quarantine_parse(key) for keys in found.values() for key in keys}
    erased = _erased({copy.image_id for copy in known.values() if copy})
    old = timezone.now() - timedelta(days=settings.SHOEBOX.quarantine_days)

    def goes(key: str) -> bool:
        copy = known[key]
        return copy is not None and (copy.image_id in erased or copy.moment <= old)

    return {name: [key for key in keys if goes(key)] for name, keys in found.items()}


def _erased(ids: Iterable[str]) -> set[str]:
    rows = Image.objects.filter(state=ImageState.DELETED, restorable_until=None, id__in=set(ids))
    return set(rows.values_list("id", flat=True))
