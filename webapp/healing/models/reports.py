"""What a scrub found: a report per shard, and the findings themselves."""

from typing import ClassVar

from django.db import models

from webapp.core.ids import ID_LENGTH
from webapp.healing.findings import Code
from webapp.healing.models.runs import HealingRun


class ShardReport(models.Model):
    """What one scrub read on one shard, and how often it found each thing there.

    The counts are exact; of the findings themselves only the first of each code are kept.
    """

    run = models.ForeignKey(HealingRun, on_delete=models.CASCADE, related_name="reports")
    shard = models.CharField(max_length=32)
    blobs = models.PositiveBigIntegerField(default=0, help_text="Read again and hashed.")
    bytes = models.PositiveBigIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True, help_text="How often each code was found.")
    healed = models.PositiveBigIntegerField(default=0, help_text="Findings that are no more.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-run", "shard"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "shard"], name="shard_report_of_run")
        ]

    def __str__(self) -> str:
        return f"{self.shard}: {self.blobs} blobs"


class Finding(models.Model):
    """One thing that is not as it should be, as a scrub saw it."""

    run = models.ForeignKey(HealingRun, on_delete=models.CASCADE, related_name="findings")
    shard = models.CharField(max_length=32)
    code = models.CharField(max_length=24, choices=[(code.value, code.value) for code in Code])
    image_id = models.CharField(max_length=ID_LENGTH)
    blob = models.CharField(max_length=32, blank=True, help_text="Its name in the image's folder.")
    detail = models.CharField(max_length=200, blank=True)
    healed = models.BooleanField(default=False)
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["run", "shard", "code"], name="finding_of_run"),
            models.Index(fields=["image_id"], name="finding_of_image"),
        ]

    def __str__(self) -> str:
        return f"{self.shard} {self.code} {self.image_id}"
