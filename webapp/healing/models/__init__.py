"""What healing keeps in the index: how far its runs are, and what they found."""

from webapp.healing.models.reports import Finding, ShardReport
from webapp.healing.models.runs import HealingRun

__all__ = ["Finding", "HealingRun", "ShardReport"]
