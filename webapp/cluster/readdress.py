"""Shards that are elsewhere: a data folder was renamed or copied, a block of ports was moved."""

from collections.abc import Mapping
from dataclasses import replace

from django.db.models import F

from webapp.audit.actions import Action
from webapp.audit.services import audit_add, audit_find
from webapp.cluster.models import Shard
from webapp.cluster.publishing import topology_publish
from webapp.cluster.stores import store_bare
from webapp.core.errors import ConflictError, ShardUnavailableError
from webapp.core.shards import ShardEntry, ShardState
from webapp.storage.identity import Identity, identity_read

_BY = "by"
_SETTINGS = "settings"


def shards_readdress(*, asked: Mapping[str, str]) -> list[Shard]:
    """Let shards be where the settings name them, when they carry their identity there.

    What a copied folder names are its own shards from then on, and no longer those it was copied
    from. Where an operator put a shard counts more than settings that still name its place of
    before. All or none; twice is once.

    Args:
        asked: URL of each shard, by its name; names that are no shards are left out.

    Returns:
        Those that are elsewhere now, with their URLs of before.

    Raises:
        ConflictError: One is not where the settings name it; names both places.
        ConfigurationError: Not the URL of a store.
        ShardsUnavailableError: No shard took the topology; nothing was changed.
    """
    rows = Shard.objects.filter(name__in=asked).exclude(state=ShardState.DEAD.label)
    moved = [row for row in rows if row.url != asked[row.name] and _follows(row, asked[row.name])]
    if moved:
        _publish(moved, {row.name: asked[row.name] for row in moved})
    return moved


def _follows(row: Shard, url: str) -> bool:
    left = _left_by_hand(row.name)
    if url in left:
        return False
    found = _identity(replace(row.entry, url=url))
    # Nobody asks a shard that is down; when it comes back it has to carry its identity.
    if found == Identity(row.name, str(row.identity)) or not row.entry.state.readable:
        return True
    if left:
        return False
    seen = f"shard {found.shard_name!r} ({found.identity}) is" if found else "no shard is"
    raise ConflictError(
        f"Shard {row.name!r} was at {row.url} and the settings name {url}, where {seen}; "
        "bring it there, or have the settings name where it is.",
        shard=row.name,
    )


def _left_by_hand(name: str) -> set[str]:
    """Return the places an operator moved a shard away from since the settings were followed."""
    left = set()
    for entry in audit_find(action=Action.SHARD_URL, subject=name):
        if entry.details.get(_BY) == _SETTINGS:
            break
        left.add(entry.details["from"])
    return left


def _identity(entry: ShardEntry) -> Identity | None:
    try:
        return identity_read(store_bare(entry))
    except ShardUnavailableError:
        return None


def _publish(moved: list[Shard], urls: Mapping[str, str]) -> None:
    other = Shard.objects.filter(url__in=urls.values()).exclude(name__in=urls).first()
    if other is not None:
        raise ConflictError(f"{other.url} is shard {other.name!r} already.", shard=other.name)

    def move() -> None:
        # By way of the names: one may come to where another was, and no two share a place.
        Shard.objects.filter(name__in=urls).update(url=F("name"))
        for name, url in urls.items():
            Shard.objects.filter(name=name).update(url=url)

    def change() -> None:
        for row in moved:
            details = {"from": row.url, "to": urls[row.name], _BY: _SETTINGS}
            audit_add(action=Action.SHARD_URL, subject=row.name, details=details)

    topology_publish(change=change, move=move)
