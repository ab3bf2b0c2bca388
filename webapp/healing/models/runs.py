"""How far a run of healing is: its cursor and its counts, so that any process may go on."""

from typing import ClassVar

from django.db import models


class HealingRun(models.Model):
    """One walk over images or partitions, resumable after a kill at any moment.

    ``cursor`` is the last thing that was finished, in the order of the walk; doing the next
    one twice is harmless, so it is saved now and then, not with every step.
    """

    verb = models.CharField(max_length=16, help_text="repair, scrub, reap, drain, …")
    scope = models.CharField(max_length=64, help_text="What it walks: all, or a part by name.")
    cursor = models.CharField(max_length=128, blank=True, help_text="Last thing finished.")
    counts = models.JSONField(default=dict, blank=True, help_text="How often each code was seen.")
    started_at = models.DateTimeField(auto_now_add=True)
    moved_at = models.DateTimeField(auto_now=True, help_text="When the cursor last moved.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at"]
        indexes: ClassVar = [models.Index(fields=["verb", "scope"], name="healing_run_of")]

    def __str__(self) -> str:
        return f"{self.verb} {self.scope}"
