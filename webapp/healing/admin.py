"""What scrubs found, shard by shard, to look at."""

from django.contrib import admin

from webapp.healing.findings import Code
from webapp.healing.models import Finding, ShardReport
from webapp.outbox.admin_base import ReadOnlyAdmin, labelled

CODE_LABELS = dict.fromkeys(Code, "warning") | {
    Code.CORRUPT: "danger",
    Code.ROW_WITHOUT_BYTES: "danger",
    Code.CANNOT_TELL: "info",
}


@admin.register(ShardReport)
class ShardReportAdmin(ReadOnlyAdmin):
    """A report per shard and scrub; `cycle` is the perpetual one."""

    list_display = ("name", "scope", "blobs", "bytes", "found", "healed", "updated_at")
    list_filter = ("shard", "run__scope")
    list_select_related = ("run",)

    @admin.display(description="shard", ordering="shard")
    def name(self, report: ShardReport) -> str:
        """Show whose report it is."""
        return report.shard or "no shard alone"

    @admin.display(description="scrub", ordering="run")
    def scope(self, report: ShardReport) -> str:
        """Show what was walked, and whether it is at its end."""
        return f"{report.run.scope}{'' if report.run.finished_at else ', under way'}"

    @admin.display(description="found")
    def found(self, report: ShardReport) -> str:
        """Show how often each code was found."""
        counts = sorted(report.counts.items())
        return ", ".join(f"{code} {count:,}" for code, count in counts) or "nothing"


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    """The findings themselves; of each code and shard the first of a scrub."""

    list_display = ("code_label", "shard", "image_id", "blob", "detail", "healed", "found_at")
    list_filter = ("code", "shard", "healed", "run__scope")
    search_fields = ("=image_id",)

    @labelled({code.value: label for code, label in CODE_LABELS.items()})
    @admin.display(description="code", ordering="code")
    def code_label(self, finding: Finding) -> str:
        """Show its code."""
        return finding.code
