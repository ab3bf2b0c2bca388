"""What the watch saw of each shard when it last looked."""

from typing import ClassVar

from django.db import models


class ShardWatch(models.Model):
    """One shard as it was at the last look, so that a change is noticed once, by one process."""

    shard = models.CharField(max_length=32, primary_key=True)
    reachable = models.BooleanField()
    changed_at = models.DateTimeField(help_text="Since when it is so.")

    class Meta:
        ordering: ClassVar = ["shard"]
        verbose_name_plural = "shard watches"

    def __str__(self) -> str:
        return self.shard
