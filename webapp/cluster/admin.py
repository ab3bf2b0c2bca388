"""Shards, pools and topology versions. What must be published goes through services."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from webapp.audit.actions import Action
from webapp.audit.services import audit_add
from webapp.cluster.models import Pool, Shard, TopologyVersion
from webapp.cluster.services import shard_activate, shard_set_state
from webapp.cluster.usage import disk_usage_of, share_of
from webapp.core.shards import ShardState
from webapp.outbox.admin_base import ReadOnlyAdmin, act_on_all, labelled

STATE_LABELS = {
    ShardState.JOINING.label: "info",
    ShardState.ACTIVE.label: "success",
    ShardState.READ_ONLY.label: "warning",
    ShardState.DRAINING.label: "warning",
    ShardState.DOWN.label: "danger",
    ShardState.DEAD.label: "danger",
}


@admin.register(Shard)
class ShardAdmin(ReadOnlyAdmin):
    """Shards. They are added, and declared dead, with `manage.py shard` only."""

    list_display = (
        "name",
        "state_label",
        "zone",
        "pool",
        "weight",
        "share",
        "disk",
        "full_reason",
        "url",
    )
    list_filter = ("state", "zone", "pool")
    list_select_related = ("pool",)
    actions = ("activate", "read_only", "down", "back")

    @labelled(STATE_LABELS)
    @admin.display(description="state", ordering="state")
    def state_label(self, shard: Shard) -> str:
        """Show its state."""
        return shard.state

    @admin.display(description="share of new images")
    def share(self, shard: Shard) -> str:
        """Show the part of new images it is a home of."""
        return f"{share_of(shard):.1%}"

    @admin.display(description="disk", empty_value="—")
    def disk(self, shard: Shard) -> str | None:
        """Show how full its disk is, where it is a folder."""
        usage = disk_usage_of(shard)
        if usage is None:
            return None
        return f"{usage.used / usage.total:.0%} of {filesizeformat(usage.total)}"

    @admin.action(description="Activate: take new images", permissions=["operate"])
    def activate(self, request: HttpRequest, rows: QuerySet[Shard]) -> None:
        """Publish a version that places on them, too; one version for all of a pool."""
        names = [shard.name for shard in rows]
        act_on_all(
            request, rows[:1], lambda _: shard_activate(names=names), "new version published"
        )

    @admin.action(description="Read-only: keep, take nothing new", permissions=["operate"])
    def read_only(self, request: HttpRequest, rows: QuerySet[Shard]) -> None:
        """Let them take no new images."""
        _set_state(request, rows, ShardState.READ_ONLY)

    @admin.action(description="Down: away, expected back", permissions=["operate"])
    def down(self, request: HttpRequest, rows: QuerySet[Shard]) -> None:
        """Let nobody ask them."""
        _set_state(request, rows, ShardState.DOWN)

    @admin.action(description="Back: active again", permissions=["operate"])
    def back(self, request: HttpRequest, rows: QuerySet[Shard]) -> None:
        """Let them take part in everything again, under the versions they are in."""
        _set_state(request, rows, ShardState.ACTIVE)


def _set_state(request: HttpRequest, rows: QuerySet[Shard], state: ShardState) -> None:
    act_on_all(
        request,
        rows,
        lambda shard: shard_set_state(name=shard.name, state=state),
        f"now {state.label}",
    )


@admin.register(Pool)
class PoolAdmin(ReadOnlyAdmin):
    """Pools. Their counts are those of the next version; versions are never edited."""

    list_display = ("name", "replica_count", "rendition_replica_count", "quorum", "shard_names")
    readonly_fields = ("name",)

    def has_change_permission(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> bool:
        """Let who may operate change the counts."""
        return self.has_operate_permission(request)

    def save_model(
        self, request: HttpRequest, obj: Pool, form: Any, change: Any, *_args: Any
    ) -> None:
        """Save, and write down what the next version will have."""
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            audit_add(action=Action.POOL_CHANGE, subject=obj.name, details=values)

    @admin.display(description="shards")
    def shard_names(self, pool: Pool) -> str:
        """Show its shards."""
        return ", ".join(shard.name for shard in pool.shards.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pool]:
        """Return pools with their shards, in one query more."""
        return super().get_queryset(request).prefetch_related("shards")


@admin.register(TopologyVersion)
class TopologyVersionAdmin(ReadOnlyAdmin):
    """Versions, for ever as they were published."""

    list_display = (
        "number",
        "pool",
        "replica_count",
        "rendition_replica_count",
        "quorum",
        "shard_names",
        "current_since",
    )
    list_filter = ("pool",)

    @admin.display(description="shards")
    def shard_names(self, version: TopologyVersion) -> str:
        """Show what it places on."""
        return ", ".join(f"{shard['name']} ({shard['zone']})" for shard in version.shards)

    @admin.display(description="current from", ordering="current_from")
    def current_since(self, version: TopologyVersion) -> datetime | None:
        """Show from when on new images were named under it; the first counts at once."""
        since = version.current_from
        return datetime.fromtimestamp(since, UTC) if since else version.created_at
