"""What an operator does to shards and pools. Every change is published before it counts."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Max

from webapp.audit.actions import Action
from webapp.audit.services import audit_add
from webapp.cluster.models import NAME, Pool, Shard, TopologyVersion
from webapp.cluster.publishing import topology_publish, version_fields
from webapp.cluster.stores import store_bare
from webapp.cluster.validation import said_of
from webapp.core.errors import (
    ConflictError,
    MalformedRequestError,
    NotFoundError,
    ShardUnavailableError,
)
from webapp.core.shards import ShardState
from webapp.core.topology import Topology, version_make
from webapp.storage.address import address_parse
from webapp.storage.identity import identity_write

DEFAULT_POOL = "default"
MOST_WEIGHT = 1_000_000.0
ACTIVATABLE = {ShardState.JOINING.label, ShardState.READ_ONLY.label, ShardState.ACTIVE.label}


def pool_get_or_add(*, name: str) -> Pool:
    """Return a pool, made with the replica counts of the settings when it is new."""
    pool, _ = Pool.objects.get_or_create(
        name=name,
        defaults={
            "replica_count": settings.SHOEBOX.replica_count,
            "rendition_replica_count": settings.SHOEBOX.rendition_replica_count,
        },
    )
    return pool


def shard_get(*, name: str) -> Shard:
    """Return a shard.

    Raises:
        NotFoundError: There is none of this name.
    """
    shard = Shard.objects.filter(name=name).first()
    if shard is None:
        known = ", ".join(Shard.objects.values_list("name", flat=True)) or "none yet"
        raise NotFoundError(f"There is no shard {name!r}. Shards: {known}.")
    return shard


def shard_add(
    *,
    name: str,
    url: str,
    zone: str,
    weight: float = 1.0,
    pool: str = DEFAULT_POOL,
    options: Mapping[str, str] | None = None,
) -> Shard:
    """Make an empty store a shard: write its identity and publish it as ``joining``.

    Readers learn of it; it takes no new images until ``shard_activate``. A pool that is not
    there is made with it.

    Raises:
        ConflictError: The name was used before, or the store is a shard already.
        MalformedRequestError: A value is not of its form.
        ShardUnavailableError: The store does not answer.
    """
    if Shard.objects.filter(name=name).exists():
        raise ConflictError(f"Shard {name!r} exists; a shard's name is never used again.")
    _refuse_taken(url, name)
    shard = Shard(
        name=name,
        url=url,
        zone=zone,
        weight=weight,
        pool_id=pool,
        identity=uuid.uuid4(),
        options=dict(options or {}),
    )
    _check(shard)
    try:
        identity_write(store_bare(shard.entry), name, str(shard.identity))
    except ShardUnavailableError as error:
        raise ShardUnavailableError(
            f"{error.detail} {url} has to be an empty folder or bucket that is there.", shard=name
        ) from error

    def change() -> None:
        pool_get_or_add(name=pool)
        shard.save()
        audit_add(
            action=Action.SHARD_ADD,
            subject=name,
            details={"url": url, "zone": zone, "weight": weight, "pool": pool},
        )

    topology_publish(change=change)
    return shard


def _refuse_taken(url: str, name: str) -> None:
    other = Shard.objects.filter(url=url).exclude(name=name).first()
    if other is not None:
        raise ConflictError(f"{url} is shard {other.name!r} already.")


def _check(shard: Shard) -> None:
    try:
        shard.full_clean(exclude={"pool"})  # it may be made with its first shard
    except ValidationError as error:
        raise MalformedRequestError(f"Shard {shard.name!r}: {said_of(error, shard)}.") from None
    try:
        NAME(shard.pool_id)
    except ValidationError as error:
        raise MalformedRequestError(
            f"Shard {shard.name!r}: pool {shard.pool_id!r}: {error.message}."
        ) from None
    if not 0 < shard.weight <= MOST_WEIGHT:  # nan is not, either
        raise MalformedRequestError(
            f"Shard {shard.name!r} has the weight {shard.weight}; "
            f"it has to be above 0 and at most {MOST_WEIGHT:,.0f}."
        )


def shard_activate(*, names: Sequence[str]) -> Topology:
    """Let shards take new images: publish a new version of each pool they belong to.

    A pool's first version counts at once, a later one `SHOEBOX_ACTIVATION_SECONDS` after it
    was published, when every reader knows it. Nothing that exists is moved. One that is active
    already gives its pool a version of what is active now.

    Raises:
        NotFoundError: No shard of one of these names.
        ConflictError: A shard is draining, down or dead.
    """

    def change() -> None:
        shards = _activatable(names)  # here, where no other publication can change them
        for shard in shards:
            _state_change(shard, ShardState.ACTIVE, Action.SHARD_ACTIVATE)
        for pool in {shard.pool_id: shard.pool for shard in shards}.values():
            version_add(pool=pool)

    _activatable(names)
    return topology_publish(change=change)


def _activatable(names: Sequence[str]) -> list[Shard]:
    shards = [shard_get(name=name) for name in names]
    for shard in shards:
        if shard.state not in ACTIVATABLE:
            raise ConflictError(f"Shard {shard.name!r} is {shard.state}; it cannot be activated.")
    return shards


def version_add(*, pool: Pool) -> TopologyVersion:
    """Add the row of a new version over the pool's active shards; inside a publication."""
    highest = TopologyVersion.objects.aggregate(highest=Max("number"))["highest"]
    first = not TopologyVersion.objects.filter(pool=pool).exists()
    version = version_make(
        number=0 if highest is None else highest + 1,
        pool=pool.name,
        shards=[s.spec for s in pool.shards.filter(state=ShardState.ACTIVE.label)],
        replica_count=pool.replica_count,
        rendition_replica_count=pool.rendition_replica_count,
        quorum=pool.quorum,
        current_from=0.0 if first else time.time() + settings.SHOEBOX.activation_seconds,
    )
    return TopologyVersion.objects.create(number=version.number, **version_fields(version))


def shard_set_state(*, name: str, state: ShardState) -> Topology:
    """Change what may be done with a shard. Names and places stay as they are.

    Raises:
        ConflictError: The shard is dead, which is for ever, or joining and wants activation.
    """

    def change() -> None:
        shard = shard_get(name=name)  # here, where no other publication can change it
        _may_become(shard, state)
        _state_change(shard, state, Action.SHARD_STATE)

    _may_become(shard_get(name=name), state)
    return topology_publish(change=change)


def _may_become(shard: Shard, state: ShardState) -> None:
    if shard.state == ShardState.DEAD.label:
        raise ConflictError(f"Shard {shard.name!r} is dead, which is for ever; add a new one.")
    if shard.state == ShardState.JOINING.label and state is ShardState.ACTIVE:
        raise ConflictError(f"Shard {shard.name!r} is joining; use `shard activate {shard.name}`.")


def _state_change(shard: Shard, state: ShardState, action: Action) -> None:
    details = {"from": shard.state, "to": state.label}
    shard.state = state.label
    shard.full_at, shard.full_reason = None, ""  # an operator knows better than the system
    shard.save(update_fields=["state", "full_at", "full_reason"])
    audit_add(action=action, subject=shard.name, details=details)


def shard_set_url(*, name: str, url: str) -> Topology:
    """Tell where a shard is now; it must still carry its identity to be read.

    Raises:
        NotFoundError: No shard of this name.
        ConflictError: Another shard is there.
        ConfigurationError: Not the URL of a store.
    """
    shard = shard_get(name=name)
    _refuse_taken(url, name)
    address_parse(replace(shard.entry, url=url))

    def change() -> None:
        details = {"from": shard.url, "to": url}
        shard.url = url
        shard.save(update_fields=["url"])
        audit_add(action=Action.SHARD_URL, subject=name, details=details)

    return topology_publish(change=change)
